package ledger

// Line is an entry as an export writes it: every field that its leaf covers, and the leaf.
type Line = entryLine

// Line gives the entry in that form.
func (e *Entry) Line() Line {
	return Line{
		Type: "entry", Tenant: e.Tenant, Seq: e.Seq, Epoch: e.Epoch, Kind: e.Kind.String(), BookedAt: e.BookedAt, TillAt: e.TillAt, EffectiveAt: e.EffectiveAt,
		ValueDate: e.ValueDate.String(), BusinessDate: e.BusinessDate.String(), Outlet: e.Outlet, Terminal: e.Terminal, TerminalSeq: e.TerminalSeq,
		Shift: e.Shift, Batch: e.Batch, Actor: e.Actor, Receipt: e.Receipt, Client: e.Client, Key: e.Key, Fingerprint: e.Fingerprint, Reverses: e.Reverses,
		Flags: e.Flags, Version: e.Version, Post: e.post, Doc: e.Doc, Leaf: e.Leaf,
	}
}
