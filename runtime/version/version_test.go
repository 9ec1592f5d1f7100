package version

import (
	"runtime/debug"
	"testing"
)

func TestCommitOfABuildOrAnArchive(t *testing.T) {
	const revision = "29c743b19af598aad8014151e031aa6d91700fc3"
	build := func(settings ...debug.BuildSetting) *debug.BuildInfo { return &debug.BuildInfo{Settings: settings} }
	vcs, clean, dirty := debug.BuildSetting{Key: "vcs.revision", Value: revision}, debug.BuildSetting{Key: "vcs.modified", Value: "false"}, debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for _, c := range []struct {
		name     string
		info     *debug.BuildInfo
		archived string
		want     string
	}{
		{"a checkout", build(vcs, clean), "$Format:%H$\n", "29c743b19af5"},
		{"a checkout with changes", build(vcs, dirty), "$Format:%H$\n", "29c743b19af5-modified"},
		{"an archive", build(), revision + "\n", "29c743b19af5"},
		{"an archive in another checkout", build(dirty), revision, "29c743b19af5"},
		{"a copy without git", build(), "$Format:%H$\n", ""},
		{"no information", nil, "$Format:%H$\n", ""},
		{"a short name", build(debug.BuildSetting{Key: "vcs.revision", Value: "abc"}), "", "abc"},
	} {
		if got := commit(c.info, c.archived); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
