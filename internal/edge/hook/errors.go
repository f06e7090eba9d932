package hook

import "lojal/internal/base/fault"

// Codes of webhooks.
var (
	ErrURL     = fault.Code{Name: "webhook_url_refused", Kind: fault.Declined} // "reason": scheme, port, host, address, unresolved
	ErrTooMany = fault.Code{Name: "webhook_limit", Kind: fault.Declined}
)
