package ledger

import "testing"

func TestAppendOnly_KnowsAnEditWhenItSeesOne(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"UPDATE entry SET doc = ''":                                                      true,
		"delete\n  from log_node WHERE tenant_id = $1":                                   true,
		"WITH x AS (SELECT 1) UPDATE audit AS a SET leaf = x":                            true,
		"UPDATE audit_head SET n = 1":                                                    false,
		"DELETE FROM entry_tail":                                                         false,
		"INSERT INTO checkpoint VALUES (1) ON CONFLICT (tenant_id) DO UPDATE SET at = 1": false,
		"SELECT e.seq FROM entry e FOR UPDATE":                                           false,
	} {
		if edits.MatchString(text) != want {
			t.Errorf("%q is judged wrongly", text)
		}
	}
}
