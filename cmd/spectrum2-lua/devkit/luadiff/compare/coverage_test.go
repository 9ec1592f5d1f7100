package compare

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luadiff/program"
)

// TestProgramsRunTheSameWithCoverage compares random programs, with the texts of their
// errors.
func TestProgramsRunTheSameWithCoverage(t *testing.T) {
	var programs []string
	for i := range uint64(300) {
		programs = append(programs, program.Generate(7, i).Root.Text())
	}
	with, err := (&Ours{Messages: true, Coverage: true}).Run(t.Context(), programs)
	if err != nil {
		t.Fatal(err)
	}
	without, err := (&Ours{Messages: true}).Run(t.Context(), programs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range programs {
		if d := Find(with[i], without[i]); d != nil {
			t.Fatalf("program %d: %v\n%s", i, d, programs[i])
		}
	}
}
