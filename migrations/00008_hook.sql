-- What is told to others and what has been begun: receivers of events with their queues, checkouts, vouchers in the making.
-- +goose Up
CREATE TABLE hook_endpoint (
    tenant_id  BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    url        TEXT   NOT NULL,
    types      TEXT   NOT NULL,
    secret     BYTEA  NOT NULL,
    seq        BIGINT NOT NULL,
    act        BIGINT NOT NULL,
    queued     BIGINT NOT NULL CHECK (queued >= 0),
    fails      BIGINT NOT NULL CHECK (fails >= 0),
    paused_to  BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place hook_endpoint: by tenant, without rowid

-- The event itself is not stored: it is made from its entry or act whenever it is sent.
CREATE TABLE hook_delivery (
    tenant_id BIGINT NOT NULL,
    endpoint  BIGINT NOT NULL,
    n         BIGINT NOT NULL,
    event     BIGINT NOT NULL,
    type      TEXT   NOT NULL,
    subject   BIGINT NOT NULL,
    state     TEXT   NOT NULL,
    attempts  BIGINT NOT NULL,
    status    BIGINT NOT NULL,
    problem   TEXT   NOT NULL,
    made_at   BIGINT NOT NULL,
    next_at   BIGINT NOT NULL,
    done_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, endpoint, n)
);
-- place hook_delivery: by tenant, without rowid
CREATE INDEX hook_due ON hook_delivery (tenant_id, endpoint, next_at, n) WHERE state = 'waiting';
CREATE INDEX hook_subject ON hook_delivery (tenant_id, endpoint, subject, n) WHERE state = 'waiting';

CREATE TABLE checkout (
    tenant_id  BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    outlet     BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    hold       BIGINT NOT NULL,
    document   BYTEA  NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place checkout: by tenant, without rowid

-- Vouchers in the making: codes are derived from the batch and their place in it, so that none is stored.
CREATE TABLE voucher_batch (
    tenant_id  BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    programme  TEXT   NOT NULL,
    def        TEXT   NOT NULL,
    quantity   BIGINT NOT NULL CHECK (quantity > 0),
    made       BIGINT NOT NULL CHECK (made >= 0 AND made <= quantity),
    document   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place voucher_batch: by tenant, without rowid
