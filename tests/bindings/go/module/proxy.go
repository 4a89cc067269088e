// Proxy makes a GOPROXY in a folder, from the folder of one version of a module.
//
//	proxy SOURCE PROXY MODULE VERSION
package main

import (
	"archive/zip"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// escape writes each upper-case letter as "!" and the letter in lower case, as GOPROXY requires.
func escape(path string) string {
	var escaped strings.Builder
	for _, letter := range path {
		if unicode.IsUpper(letter) {
			escaped.WriteByte('!')
		}
		escaped.WriteRune(unicode.ToLower(letter))
	}
	return escaped.String()
}

func main() {
	source, module, version := os.Args[1], os.Args[3], os.Args[4]
	folder := filepath.Join(os.Args[2], escape(module), "@v")
	check(os.MkdirAll(folder, 0o755))
	mod, err := os.ReadFile(filepath.Join(source, "go.mod"))
	check(err)
	write := func(name, content string) {
		check(os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644))
	}
	write("list", version+"\n")
	write(version+".info", fmt.Sprintf(`{"Version":%q,"Time":"2026-01-01T00:00:00Z"}`, version))
	write(version+".mod", string(mod))

	out, err := os.Create(filepath.Join(folder, version+".zip"))
	check(err)
	archive := zip.NewWriter(out)
	check(filepath.Walk(source, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a file: the zip file of a module must not contain it", path)
		}
		relative, err := filepath.Rel(source, path)
		check(err)
		file, err := archive.Create(module + "@" + version + "/" + filepath.ToSlash(relative))
		check(err)
		content, err := os.Open(path)
		check(err)
		defer content.Close()
		_, err = io.Copy(file, content)
		return err
	}))
	check(archive.Close())
	check(out.Close())
}
