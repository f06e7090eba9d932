-- Who trades where and who acts: merchants, outlets, terminals, staff, keys of machines, and answers kept under their keys.
-- +goose Up
ALTER TABLE tenant ADD COLUMN profile TEXT NOT NULL DEFAULT 'shop';

CREATE TABLE once (
    tenant_id   BIGINT NOT NULL,
    client      BIGINT NOT NULL,
    key         TEXT   NOT NULL,
    fingerprint BYTEA  NOT NULL,
    status      BIGINT NOT NULL,
    answer      BYTEA  NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, client, key)
);
-- place once: by tenant, without rowid

CREATE TABLE merchant (
    tenant_id  BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    name       TEXT   NOT NULL,
    reg_no     TEXT   NOT NULL,
    vat_no     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place merchant: by tenant, without rowid

CREATE TABLE outlet (
    tenant_id     BIGINT NOT NULL,
    id            BIGINT NOT NULL,
    merchant      BIGINT NOT NULL,
    code          TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    zone          TEXT   NOT NULL,
    currency      TEXT   NOT NULL,
    mcc           TEXT   NOT NULL,
    day_closes_at BIGINT NOT NULL CHECK (day_closes_at >= 0 AND day_closes_at < 1440),
    address       TEXT   NOT NULL,
    lat_e7        BIGINT NOT NULL,
    lon_e7        BIGINT NOT NULL,
    closed        BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT outlet_code UNIQUE (tenant_id, code)
);
-- place outlet: by tenant, without rowid

CREATE TABLE terminal (
    tenant_id  BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    outlet     BIGINT NOT NULL,
    tid        TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    language   TEXT   NOT NULL,
    closed     BIGINT NOT NULL,
    settings   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT terminal_tid UNIQUE (tenant_id, tid)
);
-- place terminal: by tenant, without rowid

CREATE TABLE staff (
    tenant_id    BIGINT NOT NULL,
    id           BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    display      TEXT   NOT NULL,
    role         TEXT   NOT NULL,
    outlets      TEXT   NOT NULL,
    language     TEXT   NOT NULL,
    pin_hash     TEXT   NOT NULL,
    wrong_pins   BIGINT NOT NULL CHECK (wrong_pins >= 0),
    locks        BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    closed       BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT staff_code UNIQUE (tenant_id, code)
);
-- place staff: by tenant, without rowid

CREATE TABLE api_key (
    tenant_id  BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    hash       BYTEA  NOT NULL,
    last4      TEXT   NOT NULL,
    scopes     TEXT   NOT NULL,
    outlets    TEXT   NOT NULL,
    terminal   BIGINT NOT NULL,
    client     BIGINT NOT NULL,
    device     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT api_key_hash UNIQUE (tenant_id, hash)
);
-- place api_key: by tenant, without rowid
CREATE INDEX api_key_terminal ON api_key (tenant_id, terminal, ends_at) WHERE terminal <> 0;

CREATE TABLE approval_use (
    tenant_id BIGINT NOT NULL,
    id        BIGINT NOT NULL,
    staff     BIGINT NOT NULL,
    act       TEXT   NOT NULL,
    used_at   BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place approval_use: by tenant, without rowid
