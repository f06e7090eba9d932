package cli

import (
	"context"
	"os"

	"lojal/internal/edge/api"
)

type openapi struct{}

// Run writes the OpenAPI document as it follows from the code.
func (c *openapi) Run(context.Context) error {
	b, err := api.Spec()
	if err == nil {
		_, err = os.Stdout.Write(b)
	}
	return err
}
