package hook

import (
	"encoding/json"

	"lojal/internal/base/db"
	"lojal/internal/base/job"
)

var (
	insertEndpoint = db.SQL("hook.insert_endpoint", `
		INSERT INTO hook_endpoint (tenant_id, id, url, types, secret, seq, act, queued, fails, paused_to, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, $8)`)

	countEndpoints = db.SQL("hook.count_endpoints", `
		SELECT COUNT(*) FROM hook_endpoint WHERE tenant_id = $1`)

	readEndpoint = db.SQL("hook.read_endpoint", `
		SELECT e.id, e.url, e.types, e.secret, e.seq, e.act, e.queued, e.fails, e.paused_to, e.created_at
		  FROM hook_endpoint e
		 WHERE e.tenant_id = $1 AND e.id = $2`)

	listEndpoints = db.SQL("hook.list_endpoints", `
		SELECT e.id, e.url, e.types, e.secret, e.seq, e.act, e.queued, e.fails, e.paused_to, e.created_at
		  FROM hook_endpoint e
		 WHERE e.tenant_id = $1
		 ORDER BY e.id`)

	countDeliveries = db.SQL("hook.count_deliveries", `
		SELECT d.state, COUNT(*)
		  FROM hook_delivery d
		 WHERE d.tenant_id = $1 AND d.endpoint = $2 AND d.state <> 'delivered'
		 GROUP BY d.state`)

	deleteEndpoint = db.SQL("hook.delete_endpoint", `
		DELETE FROM hook_endpoint WHERE tenant_id = $1 AND id = $2`)

	deleteDeliveries = db.SQL("hook.delete_deliveries", `
		DELETE FROM hook_delivery WHERE tenant_id = $1 AND endpoint = $2`)

	moveCursor = db.SQL("hook.move_cursor", `
		UPDATE hook_endpoint
		   SET seq = $5, act = $6, queued = $7
		 WHERE tenant_id = $1 AND id = $2 AND seq = $3 AND act = $4`)

	rewindCursor = db.SQL("hook.rewind_cursor", `
		UPDATE hook_endpoint SET seq = $3, act = $4, fails = 0, paused_to = 0 WHERE tenant_id = $1 AND id = $2`)

	insertDelivery = db.SQL("hook.insert_delivery", `
		INSERT INTO hook_delivery (tenant_id, endpoint, n, event, type, subject, state, attempts, status, problem, made_at, next_at, done_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, 0, '', $7, $8, 0)`)

	subjectWaits = db.SQL("hook.subject_waits", `
		SELECT MAX(d.next_at)
		  FROM hook_delivery d
		 WHERE d.tenant_id = $1 AND d.endpoint = $2 AND d.subject = $3 AND d.state = 'waiting'`)

	// A delivery is due when its time has come and no earlier one of its subject waits.
	dueDeliveries = db.SQL("hook.due_deliveries", `
		SELECT d.n, d.event, d.type, d.subject, d.attempts, d.made_at, d.next_at
		  FROM hook_delivery d
		 WHERE d.tenant_id = $1 AND d.endpoint = $2 AND d.state = 'waiting' AND d.next_at <= $3
		   AND NOT EXISTS (
		       SELECT 1
		         FROM hook_delivery b
		        WHERE b.tenant_id = d.tenant_id AND b.endpoint = d.endpoint AND b.subject = d.subject AND b.state = 'waiting' AND b.n < d.n)
		 ORDER BY d.next_at, d.n
		 LIMIT $4`)

	anyDue = db.SQL("hook.any_due", `
		SELECT d.n
		  FROM hook_delivery d
		 WHERE d.tenant_id = $1 AND d.endpoint = $2 AND d.state = 'waiting' AND d.next_at <= $3
		 LIMIT 1`)

	takeDelivery = db.SQL("hook.take_delivery", `
		UPDATE hook_delivery SET next_at = $5 WHERE tenant_id = $1 AND endpoint = $2 AND n = $3 AND state = 'waiting' AND next_at = $4`)

	endDelivery = db.SQL("hook.end_delivery", `
		UPDATE hook_delivery
		   SET state = $4, attempts = $5, status = $6, problem = $7, next_at = $8, done_at = $9
		 WHERE tenant_id = $1 AND endpoint = $2 AND n = $3 AND state = 'waiting'`)

	// What follows a delivery that failed need not be looked at before it.
	holdSubject = db.SQL("hook.hold_subject", `
		UPDATE hook_delivery SET next_at = $4
		 WHERE tenant_id = $1 AND endpoint = $2 AND subject = $3 AND state = 'waiting' AND next_at < $4`)

	markEndpoint = db.SQL("hook.mark_endpoint", `
		UPDATE hook_endpoint SET fails = $3, paused_to = $4 WHERE tenant_id = $1 AND id = $2`)

	// While nothing can be sent at all, age alone ends a delivery.
	giveUp = db.SQL("hook.give_up", `
		UPDATE hook_delivery SET state = 'dead', problem = 'expired', done_at = $4
		 WHERE tenant_id = $1 AND endpoint = $2 AND state = 'waiting' AND made_at <= $3`)

	forgetDeliveries = db.SQL("hook.forget_deliveries", `
		DELETE FROM hook_delivery WHERE tenant_id = $1 AND endpoint = $2 AND state <> 'waiting' AND done_at < $3`)

	listDeliveries = db.SQL("hook.list_deliveries", `
		SELECT d.n, d.event, d.type, d.state, d.attempts, d.status, d.problem, d.made_at, d.next_at, d.done_at
		  FROM hook_delivery d
		 WHERE d.tenant_id = $1 AND d.endpoint = $2 AND d.n < $3
		 ORDER BY d.n DESC
		 LIMIT $4`)

	readHead = db.SQL("hook.read_head", `
		SELECT h.seq, COALESCE(a.n, 0)
		  FROM head h LEFT JOIN audit_head a ON a.tenant_id = h.tenant_id
		 WHERE h.tenant_id = $1`)
)

// row is an endpoint as it is stored.
type row struct {
	job.Endpoint
	secret []byte // sealed
	cursor job.Cursor
	queued int64
	fails  int64
}

func scanRow(scan func(...any) error) (row, error) {
	var r row
	var types string
	if err := scan(&r.ID, &r.URL, &types, &r.secret, &r.cursor.Seq, &r.cursor.Act, &r.queued, &r.fails, &r.PausedTo, &r.CreatedAt); err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(types), &r.Types)
}
