package claim

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestFolderOfAnotherUserSaysWhatToDo(t *testing.T) {
	denied := &fs.PathError{Op: "mkdir", Path: "/x", Err: os.ErrPermission}
	if got := folderAdvice(denied); !strings.Contains(got, "as the user that owns the folder") || !strings.Contains(got, "[service] working_dir") {
		t.Errorf("%v: %s", denied, got)
	}
}
