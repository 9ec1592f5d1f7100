// Command install implements `make install` and `make uninstall`. It runs in the source
// folder after `make build`.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"spectrumlua/runtime/version"
)

func main() {
	destdir := flag.String("destdir", "", "the `folder` that stands for /")
	prefix := flag.String("prefix", "/usr/local", "the `folder` below it")
	bin := flag.String("bin", "bin", "where the programs and the folder share are")
	packages := flag.String("packages", "", "write the trees of the packages below this `folder`, instead of installing; the time is SOURCE_DATE_EPOCH")
	number := flag.String("version", version.Number, "the `version` of the packages")
	remove := flag.Bool("uninstall", false, "remove what was installed there")
	flag.Parse()
	if *packages != "" {
		exit(writePackages(*bin, *packages, *number))
		return
	}
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
	exit(err)
	done := map[bool]string{false: "installed in", true: "uninstalled from"}[*remove]
	fmt.Println(done, filepath.Join(d.root, d.prefix))
}

// exit ends the program if there is an error.
func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}

// writePackages writes the trees of the packages.
func writePackages(bin, folder, number string) error {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	files, err := layout(".", bin)
	if err != nil {
		return err
	}
	return stage(files, folder, number, time.Unix(seconds, 0))
}
