package api_test

import (
	"fmt"
	"testing"
)

func TestAPI_JoinsAFurtherProgrammeWithTheSameCard(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ok("POST", "/v1/programmes", `{"yaml":"id: leaves\nname: Leaves\n"}`)
		path := "/v1/members/" + w.member + "/memberships"
		a := w.ok("POST", path, fmt.Sprintf(`{"programme":"leaves","card":%q}`, w.card))
		want(t, a, "programme", "leaves")
		if text(a, "membership") == w.membership {
			t.Error("the new membership is the old one")
		}
		who := w.ok("GET", "/v1/members/"+w.member, "")
		want(t, who, "memberships.1.programme", "leaves")
		w.refused(409, "duplicate_member", "POST", path, fmt.Sprintf(`{"programme":"leaves","card":%q}`, w.card))
		w.refused(400, "invalid_value", "POST", path, `{"programme":"nowhere"}`)

		other := w.ok("POST", "/v1/members", `{"programme":"beans","display":"Janis","card":{}}`)
		path = "/v1/members/" + text(other, "id") + "/memberships"
		w.refused(404, "not_found", "POST", path, fmt.Sprintf(`{"programme":"leaves","card":%q}`, w.card)) // another's
		w.ok("POST", path, `{"programme":"leaves"}`)
	})
}
