-- Tills: where each terminal stands, its closed batches with their Z, and the shifts of its cashiers.
-- +goose Up
CREATE TABLE till (
    tenant_id  BIGINT NOT NULL,
    terminal   BIGINT NOT NULL,
    outlet     BIGINT NOT NULL,
    batch      BIGINT NOT NULL CHECK (batch >= 0 AND batch <= 999999),
    batch_at   BIGINT NOT NULL,
    batch_by   TEXT   NOT NULL,
    batch_seq  BIGINT NOT NULL,
    last_batch BIGINT NOT NULL,
    z_no       BIGINT NOT NULL CHECK (z_no >= 0),
    closed_seq BIGINT NOT NULL,
    shift      BIGINT NOT NULL CHECK (shift >= 0),
    shift_at   BIGINT NOT NULL,
    shift_seq  BIGINT NOT NULL,
    cashier    TEXT   NOT NULL,
    last_shift BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, terminal)
);
-- place till: by tenant, without rowid

CREATE TABLE batch (
    tenant_id  BIGINT NOT NULL,
    terminal   BIGINT NOT NULL,
    z_no       BIGINT NOT NULL CHECK (z_no > 0),
    id         BIGINT NOT NULL,
    batch      BIGINT NOT NULL,
    outlet     BIGINT NOT NULL,
    day        TEXT   NOT NULL,
    opened_at  BIGINT NOT NULL,
    opened_seq BIGINT NOT NULL,
    opened_by  TEXT   NOT NULL,
    closed_at  BIGINT NOT NULL,
    closed_seq BIGINT NOT NULL,
    closed_by  TEXT   NOT NULL,
    after_seq  BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    claimed    TEXT   NOT NULL,
    differs    TEXT   NOT NULL,
    totals     TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, terminal, z_no)
);
-- place batch: by tenant, without rowid
CREATE UNIQUE INDEX batch_id ON batch (tenant_id, id);
CREATE INDEX batch_number ON batch (tenant_id, terminal, batch, z_no);
CREATE INDEX batch_day ON batch (tenant_id, day, outlet);
CREATE INDEX batch_unsealed ON batch (tenant_id, terminal, z_no) WHERE totals = '';

CREATE TABLE shift (
    tenant_id  BIGINT NOT NULL,
    terminal   BIGINT NOT NULL,
    shift      BIGINT NOT NULL CHECK (shift > 0),
    id         BIGINT NOT NULL,
    outlet     BIGINT NOT NULL,
    cashier    TEXT   NOT NULL,
    opened_at  BIGINT NOT NULL,
    opened_seq BIGINT NOT NULL,
    closed_at  BIGINT NOT NULL,
    closed_seq BIGINT NOT NULL,
    closed_by  TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, terminal, shift)
);
-- place shift: by tenant, without rowid
CREATE UNIQUE INDEX shift_id ON shift (tenant_id, id);

CREATE INDEX decline_terminal ON decline (tenant_id, terminal, batch);
