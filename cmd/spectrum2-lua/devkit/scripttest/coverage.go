package scripttest

import (
	"os"
	"strings"

	"spectrumlua/luabind/source"
)

// coverage measures the lines that run in the worlds of one worker, which run one after the
// other. A test and its script have different VMs, which may run at the same time, so each
// has its own.
type coverage struct {
	ofTest, ofScript *source.Coverage
}

// measure returns a new coverage for a worker, or an empty one if coverage is off.
func (r *runner) measure() coverage {
	if !r.options.Coverage {
		return coverage{}
	}
	return coverage{&source.Coverage{Include: isMeasured}, &source.Coverage{Include: isMeasured}}
}

// isMeasured reports whether a file counts: neither a test nor a file that a case has
// written to its folder.
func isMeasured(path string) bool {
	return !strings.HasSuffix(path, suffix) && !strings.HasPrefix(path, folderPrefix())
}

// folderPrefix is the beginning of the paths of the cases' folders.
func folderPrefix() string {
	return strings.TrimSuffix(os.TempDir(), "/") + "/" + folderName
}

// folderName is the beginning of the names of the cases' folders.
const folderName = "spectrum2-lua-test-"

// merge returns the coverage of all workers.
func merge(all []coverage) []source.CoveredFile {
	var parts []*source.Coverage
	for _, c := range all {
		parts = append(parts, c.ofScript, c.ofTest)
	}
	return source.MergeCoverage(parts...)
}
