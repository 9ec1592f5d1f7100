package harness

import "context"

// Eval runs Lua code in the script's VM, with the global session of a user, and returns
// its results as text; see luabind.Host.Eval.
func (s *Harness) Eval(ctx context.Context, user, text string) ([]string, error) {
	return s.backend.Eval(ctx, user, text)
}
