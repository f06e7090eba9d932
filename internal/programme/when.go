package programme

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
)

// whenCost bounds the work of one residual condition, so that no programme can stall the lane.
const whenCost = 10_000

var whenEnv = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("total", cel.IntType),
		cel.Variable("lines", cel.IntType),
		cel.Variable("tier", cel.StringType),
		cel.Variable("member", cel.BoolType),
		cel.Variable("outlet", cel.StringType),
		cel.Variable("day", cel.StringType),
		cel.Variable("weekday", cel.IntType), // 1 Monday … 7 Sunday
		cel.Variable("minute", cel.IntType),
		cel.Variable("groups", cel.ListType(cel.StringType)),
		cel.Variable("skus", cel.ListType(cel.StringType)),
	)
})

// compileWhen compiles a residual condition in CEL over total, lines, tier, member, outlet, day, weekday,
// minute, groups and skus. An evaluation that fails counts as not holding.
func compileWhen(text string) (check, error) {
	env, err := whenEnv()
	if err != nil {
		return nil, fmt.Errorf("cel: %w", err)
	}
	ast, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, err
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("gives %s, expected bool", ast.OutputType())
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(whenCost))
	if err != nil {
		return nil, err
	}
	return func(c *Circumstance) string {
		groups, skus := []string{}, []string{}
		if c.Items != nil {
			groups, skus = c.Items()
		}
		weekday := int64(c.Weekday)
		if weekday == 0 {
			weekday = 7
		}
		out, _, err := program.Eval(map[string]any{
			"total": int64(c.Total), "lines": int64(c.Lines), "tier": c.Tier, "member": c.Member, "outlet": c.Outlet,
			"day": c.Day.String(), "weekday": weekday, "minute": int64(c.Minute), "groups": groups, "skus": skus,
		})
		if holds, ok := outBool(out, err); ok && holds {
			return ""
		}
		return "condition"
	}, nil
}

func outBool(out interface{ Value() any }, err error) (bool, bool) {
	if err != nil || out == nil {
		return false, false
	}
	b, ok := out.Value().(bool)
	return b, ok
}
