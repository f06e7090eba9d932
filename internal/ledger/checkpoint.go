package ledger

import (
	"context"
	"fmt"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/seal"
)

var readLastCheckpoint = db.SQL("ledger.read_last_checkpoint", `
	SELECT note FROM checkpoint WHERE tenant_id = $1 ORDER BY size DESC, audit_size DESC LIMIT 1`)

var readCheckpoints = db.SQL("ledger.read_checkpoints", `
	SELECT size, audit_size, at, note FROM checkpoint WHERE tenant_id = $1 ORDER BY size, audit_size`)

var insertCheckpoint = db.SQL("ledger.insert_checkpoint", `
	INSERT INTO checkpoint (tenant_id, size, audit_size, at, note)
	VALUES ($1, $2, $3, $4, $5)
	    ON CONFLICT (tenant_id, size, audit_size) DO NOTHING`)

var readAuditHead = db.SQL("ledger.read_audit_head", `
	SELECT n FROM audit_head WHERE tenant_id = $1`)

var readAuditBlocks = db.SQL("ledger.read_audit_blocks", `
	SELECT COALESCE(MAX(n), -1) + 1 FROM audit_node WHERE tenant_id = $1 AND level = 8`)

var insertAuditNode = db.SQL("ledger.insert_audit_node", `
	INSERT INTO audit_node (tenant_id, level, n, hash)
	VALUES ($1, $2, $3, $4)
	    ON CONFLICT (tenant_id, level, n) DO NOTHING`)

// Checkpoint signs the present roots of a tenant's two trees and stores the note, unless nothing has
// happened since the last one, which is then given again. It refuses with history_forked when the trees do
// not continue the last checkpoint, and then signs nothing.
func Checkpoint(ctx context.Context, d *db.DB, tenant int64, keys *seal.Keys, now clock.Instant) (string, error) {
	var note string
	err := d.Write(ctx, tenant, func(tx db.Tx) error {
		c, err := present(ctx, tx, now)
		if err != nil {
			return err
		}
		old, last, err := lastCheckpoint(ctx, tx, keys.Verifiers)
		if err != nil {
			return err
		}
		if last != "" {
			if err := Continues(ctx, tx, old); err != nil {
				return err
			}
			if old.Size == c.Size && old.AuditSize == c.AuditSize {
				note = last
				return nil
			}
		}
		if note, err = keys.Sign(c); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertCheckpoint, tenant, c.Size, c.AuditSize, int64(c.At), note)
		return err
	})
	return note, err
}

// LastCheckpoint gives the newest signed note of the transaction's tenant; nothing when there is none yet.
func LastCheckpoint(ctx context.Context, tx db.Tx) (string, error) {
	var note string
	_, err := tx.One(ctx, readLastCheckpoint, db.Args(tx.Tenant()), &note)
	return note, err
}

func lastCheckpoint(ctx context.Context, tx db.Tx, v seal.Verifiers) (seal.Checkpoint, string, error) {
	note, err := LastCheckpoint(ctx, tx)
	if err != nil || note == "" {
		return seal.Checkpoint{}, "", err
	}
	c, err := v.Verify(note)
	return c, note, err
}

// present computes both roots from the stored nodes and the leaves that have none yet.
func present(ctx context.Context, tx db.Tx, now clock.Instant) (seal.Checkpoint, error) {
	h, err := ReadHead(ctx, tx)
	if err != nil {
		return seal.Checkpoint{}, err
	}
	c := seal.Checkpoint{Tenant: tx.Tenant(), Epoch: h.Epoch, Size: h.Seq, At: now}
	if c.Root, err = entryLog(ctx, tx).root(c.Size); err != nil {
		return c, err
	}
	if c.AuditSize, err = auditSize(ctx, tx); err != nil {
		return c, err
	}
	if err := growAudit(ctx, tx, c.AuditSize); err != nil {
		return c, err
	}
	c.AuditRoot, err = auditLog(ctx, tx).root(c.AuditSize)
	return c, err
}

func auditSize(ctx context.Context, tx db.Tx) (int64, error) {
	var n int64
	_, err := tx.One(ctx, readAuditHead, db.Args(tx.Tenant()), &n)
	return n, err
}

// growAudit stores the upper nodes of the audit tree up to a size.
func growAudit(ctx context.Context, tx db.Tx, size int64) error {
	var done int64
	if _, err := tx.One(ctx, readAuditBlocks, db.Args(tx.Tenant()), &done); err != nil {
		return err
	}
	if done >= size/nodeSpan {
		return nil
	}
	l := auditLog(ctx, tx)
	tree, err := l.resume(done * nodeSpan)
	if err != nil {
		return err
	}
	for ; done < size/nodeSpan; done++ {
		leaves, err := l.block(done)
		if err != nil {
			return err
		}
		if len(leaves) < nodeSpan {
			return fmt.Errorf("audit of tenant %d: act %d is missing", tx.Tenant(), done*nodeSpan+int64(len(leaves))+1)
		}
		for _, leaf := range leaves {
			tree.Add(leaf, func(n seal.Node) {
				if n.Level >= nodeLevel && err == nil {
					_, err = tx.Exec(ctx, insertAuditNode, tx.Tenant(), n.Level, n.N, n.Hash[:])
				}
			})
		}
		if err != nil {
			return err
		}
		delete(l.blocks, done)
	}
	return nil
}

// Continues tells whether the trees of the transaction's tenant continue a checkpoint that somebody has
// kept. It refuses with history_forked when they do not: entries or acts that it signed are gone or have
// been rewritten.
func Continues(ctx context.Context, tx db.Tx, c seal.Checkpoint) error {
	if c.Tenant != tx.Tenant() {
		return fault.New(seal.ErrForked, "tree", "tenant", "size", c.Tenant)
	}
	h, err := ReadHead(ctx, tx)
	if err != nil {
		return err
	}
	acts, err := auditSize(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range []struct {
		name       string
		have, size int64
		root       seal.Hash
		log        *log
	}{{"entries", h.Seq, c.Size, c.Root, entryLog(ctx, tx)}, {"audit", acts, c.AuditSize, c.AuditRoot, auditLog(ctx, tx)}} {
		if t.size > t.have {
			return fault.New(seal.ErrForked, "tree", t.name, "size", t.size, "have", t.have)
		}
		root, err := t.log.root(t.size)
		if err != nil {
			return err
		}
		if root != t.root {
			return fault.New(seal.ErrForked, "tree", t.name, "size", t.size)
		}
	}
	return nil
}
