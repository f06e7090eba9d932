package bench

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"lojal/internal/base/db/cluster"
)

const (
	pgScale   = 50
	pgClients = 32
	pgThreads = 2
)

var (
	pgRate  = regexp.MustCompile(`tps = ([0-9.]+)`)
	pgCount = regexp.MustCompile(`number of transactions actually processed: (\d+)`)
)

// prepare makes pgbench's tables.
func preparePgbench(c cluster.Cluster) error {
	if _, err := c.Run("createdb", "-h", "127.0.0.1", "-p", strconv.Itoa(c.Port), "-U", "postgres", "pgbench"); err != nil {
		return err
	}
	_, err := pgbench(c, "-i", "-q", "-s", strconv.Itoa(pgScale))
	return err
}

func pgbench(c cluster.Cluster, args ...string) (string, error) {
	return c.Run("pgbench", append([]string{"-h", "127.0.0.1", "-p", strconv.Itoa(c.Port), "-U", "postgres"}, append(args, "pgbench")...)...)
}

// tpcB runs TPC-B with prepared statements and gives its rate and number of transactions.
func tpcB(c cluster.Cluster, length time.Duration) (float64, int64, error) {
	out, err := pgbench(c, "-n", "-M", "prepared", "-c", strconv.Itoa(pgClients), "-j", strconv.Itoa(pgThreads), "-T", strconv.Itoa(int(length.Seconds())))
	if err != nil {
		return 0, 0, err
	}
	r, n := pgRate.FindStringSubmatch(out), pgCount.FindStringSubmatch(out)
	if r == nil || n == nil {
		return 0, 0, fmt.Errorf("pgbench said %q", out)
	}
	rate, err := strconv.ParseFloat(r[1], 64)
	if err != nil {
		return 0, 0, err
	}
	count, err := strconv.ParseInt(n[1], 10, 64)
	return rate, count, err
}
