package ids

import "spectrumlua/runtime/gateway/router"

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{Name: "ids", Hooks: router.Hooks{Logout: outstanding.Drop}}
}
