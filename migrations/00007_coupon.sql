-- Vouchers: what was given to whom, how often it may be used, how often it was.
-- +goose Up
CREATE TABLE voucher (
    tenant_id      BIGINT NOT NULL,
    id             BIGINT NOT NULL,
    programme      TEXT   NOT NULL,
    def            TEXT   NOT NULL,
    holder         BIGINT NOT NULL,
    code_hash      BYTEA  NOT NULL,
    last4          TEXT   NOT NULL,
    uses           BIGINT NOT NULL CHECK (uses >= 0 AND (max_uses = 0 OR uses <= max_uses)),
    max_uses       BIGINT NOT NULL,
    reserved_by    BIGINT NOT NULL,
    reserved_until BIGINT NOT NULL,
    valid_from     TEXT   NOT NULL,
    valid_through  TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place voucher: by tenant, without rowid
CREATE UNIQUE INDEX voucher_code ON voucher (tenant_id, code_hash) WHERE last4 <> '';
CREATE INDEX voucher_holder ON voucher (tenant_id, holder) WHERE holder <> 0;
