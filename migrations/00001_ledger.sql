-- The books: who is there, one head a tenant, entries that are only ever added, and what is cached of them.
-- +goose Up
CREATE TABLE tenant (
    tenant_id  BIGINT NOT NULL PRIMARY KEY,
    slug       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    zone       TEXT   NOT NULL,
    currency   TEXT   NOT NULL,
    settings   TEXT   NOT NULL,
    secret     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT tenant_slug UNIQUE (slug)
);
-- place tenant: everywhere

CREATE TABLE head (
    tenant_id  BIGINT NOT NULL PRIMARY KEY,
    seq        BIGINT NOT NULL CHECK (seq >= 0),
    booked_at  BIGINT NOT NULL,
    epoch      BIGINT NOT NULL,
    config     BIGINT NOT NULL,
    frozen     BIGINT NOT NULL
);
-- place head: by tenant, without rowid

CREATE TABLE entry (
    tenant_id     BIGINT NOT NULL,
    seq           BIGINT NOT NULL CHECK (seq > 0),
    epoch         BIGINT NOT NULL,
    kind          TEXT   NOT NULL,
    booked_at     BIGINT NOT NULL,
    till_at       BIGINT NOT NULL,
    effective_at  BIGINT NOT NULL,
    value_date    TEXT   NOT NULL,
    business_date TEXT   NOT NULL,
    outlet        BIGINT NOT NULL,
    terminal      BIGINT NOT NULL,
    terminal_seq  BIGINT NOT NULL,
    shift         BIGINT NOT NULL,
    batch         BIGINT NOT NULL,
    actor         TEXT   NOT NULL,
    receipt       TEXT   NOT NULL,
    client        BIGINT NOT NULL,
    key           TEXT   NOT NULL,
    fingerprint   BYTEA  NOT NULL,
    reverses      BIGINT NOT NULL,
    flags         TEXT   NOT NULL,
    version       TEXT   NOT NULL,
    post          TEXT   NOT NULL,
    doc           TEXT   NOT NULL,
    leaf          BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
-- place entry: by tenant
CREATE UNIQUE INDEX entry_key ON entry (tenant_id, client, key) WHERE key <> '';
CREATE INDEX entry_terminal ON entry (tenant_id, terminal, terminal_seq) WHERE terminal_seq > 0;
CREATE INDEX entry_receipt ON entry (tenant_id, receipt) WHERE receipt <> '';

CREATE TABLE decline (
    tenant_id   BIGINT NOT NULL,
    client      BIGINT NOT NULL,
    key         TEXT   NOT NULL,
    fingerprint BYTEA  NOT NULL,
    code        TEXT   NOT NULL,
    params      TEXT   NOT NULL,
    seq         BIGINT NOT NULL,
    epoch       BIGINT NOT NULL,
    terminal    BIGINT NOT NULL,
    batch       BIGINT NOT NULL,
    declined_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, client, key)
);
-- place decline: by tenant, without rowid

CREATE TABLE holder (
    tenant_id BIGINT NOT NULL,
    id        BIGINT NOT NULL,
    owner     BIGINT NOT NULL,
    status    BIGINT NOT NULL,
    links     BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    least     BIGINT NOT NULL CHECK (least >= 0),
    state     TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place holder: by tenant, without rowid
-- only postgres
ALTER TABLE holder SET (fillfactor = 80);
ALTER TABLE head SET (fillfactor = 50);
ALTER TABLE entry ALTER COLUMN post SET STORAGE MAIN;
ALTER TABLE entry ALTER COLUMN doc SET STORAGE MAIN;
ALTER TABLE entry ALTER COLUMN key SET STORAGE PLAIN;
ALTER TABLE entry ALTER COLUMN receipt SET STORAGE PLAIN;
ALTER TABLE entry ALTER COLUMN fingerprint SET STORAGE PLAIN;
ALTER TABLE entry ALTER COLUMN leaf SET STORAGE PLAIN;
-- end only

CREATE TABLE lot_tail (
    tenant_id BIGINT NOT NULL,
    holder    BIGINT NOT NULL,
    kind      BIGINT NOT NULL,
    unit      BIGINT NOT NULL,
    rank      BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    lot       BIGINT NOT NULL,
    remaining BIGINT NOT NULL CHECK (remaining > 0),
    until     BIGINT NOT NULL,
    cost      BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, holder, kind, unit, rank, starts_at, lot)
);
-- place lot_tail: by tenant, without rowid

CREATE TABLE due (
    tenant_id BIGINT NOT NULL,
    due_at    BIGINT NOT NULL,
    holder    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, due_at, holder)
);
-- place due: by tenant, without rowid

CREATE TABLE amend (
    tenant_id   BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    reversed_by BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
-- place amend: by tenant, without rowid

CREATE TABLE log_node (
    tenant_id BIGINT NOT NULL,
    level     BIGINT NOT NULL,
    n         BIGINT NOT NULL,
    hash      BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, level, n)
);
-- place log_node: by tenant, without rowid

CREATE TABLE audit (
    tenant_id  BIGINT NOT NULL,
    n          BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    actor      TEXT   NOT NULL,
    act        TEXT   NOT NULL,
    entity     TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    request    TEXT   NOT NULL,
    ledger_seq BIGINT NOT NULL,
    leaf       BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, n)
);
-- place audit: by tenant, without rowid

CREATE TABLE audit_head (
    tenant_id BIGINT NOT NULL PRIMARY KEY,
    n         BIGINT NOT NULL
);
-- place audit_head: by tenant, without rowid

CREATE TABLE checkpoint (
    tenant_id  BIGINT NOT NULL,
    size       BIGINT NOT NULL,
    audit_size BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    note       TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, size, audit_size)
);
-- place checkpoint: by tenant, without rowid

-- only sqlite
CREATE VIEW posting AS
SELECT e.tenant_id, e.seq, j.key AS line, json_extract(j.value, '$[0]') AS op, json_extract(j.value, '$[1]') AS holder,
       json_extract(j.value, '$[2]') AS kind, json_extract(j.value, '$[3]') AS unit, json_extract(j.value, '$[4]') AS amount
  FROM entry e, json_each(e.post, '$.p') j;
CREATE VIEW lot_add AS
SELECT e.tenant_id, e.seq, json_extract(j.value, '$[0]') AS lot, json_extract(j.value, '$[1]') AS holder, json_extract(j.value, '$[2]') AS kind,
       json_extract(j.value, '$[3]') AS unit, json_extract(j.value, '$[4]') AS qty, json_extract(j.value, '$[5]') AS starts_at,
       json_extract(j.value, '$[6]') AS until, json_extract(j.value, '$[7]') AS cost
  FROM entry e, json_each(e.post, '$.l') j;
CREATE VIEW lot_use AS
SELECT e.tenant_id, e.seq, json_extract(j.value, '$[0]') AS lot, json_extract(j.value, '$[1]') AS holder, json_extract(j.value, '$[2]') AS kind,
       json_extract(j.value, '$[3]') AS unit, json_extract(j.value, '$[4]') AS qty, json_extract(j.value, '$[5]') AS starts_at,
       json_extract(j.value, '$[6]') AS until, json_extract(j.value, '$[7]') AS cost
  FROM entry e, json_each(e.post, '$.u') j;
CREATE VIEW hold_event AS
SELECT e.tenant_id, e.seq, json_extract(j.value, '$[0]') AS hold, json_extract(j.value, '$[1]') AS holder, json_extract(j.value, '$[2]') AS kind,
       json_extract(j.value, '$[3]') AS unit, json_extract(j.value, '$[4]') AS amount, json_extract(j.value, '$[5]') AS state,
       json_extract(j.value, '$[6]') AS ends_at
  FROM entry e, json_each(e.post, '$.x') j;
CREATE VIEW entry_holder AS
SELECT e.tenant_id, e.seq, json_extract(j.value, '$[0]') AS holder, json_extract(j.value, '$[1]') AS prev
  FROM entry e, json_each(e.post, '$.h') j;
CREATE VIEW balance AS
SELECT h.tenant_id, h.id AS holder, json_extract(j.value, '$[0]') AS kind, json_extract(j.value, '$[1]') AS unit,
       json_extract(j.value, '$[2]') AS posted, json_extract(j.value, '$[3]') AS held, h.seq
  FROM holder h, json_each(h.state, '$.a') j;
CREATE VIEW open_lot AS
SELECT h.tenant_id, h.id AS holder, json_extract(j.value, '$[0]') AS lot, json_extract(j.value, '$[1]') AS kind, json_extract(j.value, '$[2]') AS unit,
       json_extract(j.value, '$[3]') AS remaining, json_extract(j.value, '$[4]') AS starts_at, json_extract(j.value, '$[5]') AS until, json_extract(j.value, '$[6]') AS cost
  FROM holder h, json_each(h.state, '$.l') j
UNION ALL
SELECT tenant_id, holder, lot, kind, unit, remaining, starts_at, until, cost FROM lot_tail;
CREATE VIEW open_hold AS
SELECT h.tenant_id, h.id AS holder, json_extract(j.value, '$[0]') AS hold, json_extract(j.value, '$[1]') AS kind, json_extract(j.value, '$[2]') AS unit,
       json_extract(j.value, '$[3]') AS amount, json_extract(j.value, '$[4]') AS ends_at
  FROM holder h, json_each(h.state, '$.h') j;
-- end only
-- only postgres
CREATE VIEW posting WITH (security_invoker = true) AS
SELECT e.tenant_id, e.seq, j.n - 1 AS line, (j.v->>0)::bigint AS op, (j.v->>1)::bigint AS holder,
       (j.v->>2)::bigint AS kind, (j.v->>3)::bigint AS unit, (j.v->>4)::bigint AS amount
  FROM entry e CROSS JOIN LATERAL jsonb_array_elements(e.post::jsonb->'p') WITH ORDINALITY AS j(v, n);
CREATE VIEW lot_add WITH (security_invoker = true) AS
SELECT e.tenant_id, e.seq, (j.v->>0)::bigint AS lot, (j.v->>1)::bigint AS holder, (j.v->>2)::bigint AS kind,
       (j.v->>3)::bigint AS unit, (j.v->>4)::bigint AS qty, (j.v->>5)::bigint AS starts_at, (j.v->>6)::bigint AS until, (j.v->>7)::bigint AS cost
  FROM entry e CROSS JOIN LATERAL jsonb_array_elements(e.post::jsonb->'l') AS j(v);
CREATE VIEW lot_use WITH (security_invoker = true) AS
SELECT e.tenant_id, e.seq, (j.v->>0)::bigint AS lot, (j.v->>1)::bigint AS holder, (j.v->>2)::bigint AS kind,
       (j.v->>3)::bigint AS unit, (j.v->>4)::bigint AS qty, (j.v->>5)::bigint AS starts_at, (j.v->>6)::bigint AS until, (j.v->>7)::bigint AS cost
  FROM entry e CROSS JOIN LATERAL jsonb_array_elements(e.post::jsonb->'u') AS j(v);
CREATE VIEW hold_event WITH (security_invoker = true) AS
SELECT e.tenant_id, e.seq, (j.v->>0)::bigint AS hold, (j.v->>1)::bigint AS holder, (j.v->>2)::bigint AS kind,
       (j.v->>3)::bigint AS unit, (j.v->>4)::bigint AS amount, (j.v->>5)::bigint AS state, (j.v->>6)::bigint AS ends_at
  FROM entry e CROSS JOIN LATERAL jsonb_array_elements(e.post::jsonb->'x') AS j(v);
CREATE VIEW entry_holder WITH (security_invoker = true) AS
SELECT e.tenant_id, e.seq, (j.v->>0)::bigint AS holder, (j.v->>1)::bigint AS prev
  FROM entry e CROSS JOIN LATERAL jsonb_array_elements(e.post::jsonb->'h') AS j(v);
CREATE VIEW balance WITH (security_invoker = true) AS
SELECT h.tenant_id, h.id AS holder, (j.v->>0)::bigint AS kind, (j.v->>1)::bigint AS unit, (j.v->>2)::bigint AS posted, (j.v->>3)::bigint AS held, h.seq
  FROM holder h CROSS JOIN LATERAL jsonb_array_elements(h.state::jsonb->'a') AS j(v);
CREATE VIEW open_lot WITH (security_invoker = true) AS
SELECT h.tenant_id, h.id AS holder, (j.v->>0)::bigint AS lot, (j.v->>1)::bigint AS kind, (j.v->>2)::bigint AS unit,
       (j.v->>3)::bigint AS remaining, (j.v->>4)::bigint AS starts_at, (j.v->>5)::bigint AS until, (j.v->>6)::bigint AS cost
  FROM holder h CROSS JOIN LATERAL jsonb_array_elements(h.state::jsonb->'l') AS j(v)
UNION ALL
SELECT tenant_id, holder, lot, kind, unit, remaining, starts_at, until, cost FROM lot_tail;
CREATE VIEW open_hold WITH (security_invoker = true) AS
SELECT h.tenant_id, h.id AS holder, (j.v->>0)::bigint AS hold, (j.v->>1)::bigint AS kind, (j.v->>2)::bigint AS unit,
       (j.v->>3)::bigint AS amount, (j.v->>4)::bigint AS ends_at
  FROM holder h CROSS JOIN LATERAL jsonb_array_elements(h.state::jsonb->'h') AS j(v);
-- end only
