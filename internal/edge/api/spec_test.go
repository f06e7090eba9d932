package api_test

import (
	"os"
	"testing"

	"lojal/internal/edge/api"
)

// The document in the repository is what the code says. LOJAL_UPDATE=1 writes it anew.
func TestSpec_IsWrittenOut(t *testing.T) {
	t.Parallel()
	got, err := api.Spec()
	if err != nil {
		t.Fatal(err)
	}
	const file = "../../../api/openapi.yaml"
	if os.Getenv("LOJAL_UPDATE") != "" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("api/openapi.yaml is not what the code says: run `go run ./cmd/lojal openapi > api/openapi.yaml`")
	}
}
