package backend

import "context"

// Eval runs Lua code in the script's VM, with the global session of a user, and returns
// its results as text; see luabind.Host.Eval.
func (b *Backend) Eval(ctx context.Context, user, text string) ([]string, error) {
	return b.host.Eval(ctx, user, text)
}
