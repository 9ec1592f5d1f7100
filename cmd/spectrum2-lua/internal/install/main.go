// Command install implements `make install` and `make uninstall`. It runs in the source
// folder after `make build`.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	destdir := flag.String("destdir", "", "the `folder` that stands for /")
	prefix := flag.String("prefix", "/usr/local", "the `folder` below it")
	bin := flag.String("bin", "bin", "where the programs and the folder share are")
	remove := flag.Bool("uninstall", false, "remove what was installed there")
	flag.Parse()
	d := &destination{root: cmp.Or(*destdir, "/"), prefix: *prefix}
	err := error(nil)
	if *remove {
		err = d.uninstall()
	} else {
		var files []file
		if files, err = layout(".", *bin); err == nil {
			err = d.install(files)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
	done := map[bool]string{false: "installed in", true: "uninstalled from"}[*remove]
	fmt.Println(done, filepath.Join(d.root, d.prefix))
}
