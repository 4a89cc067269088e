// Runs an operation of the library in Go: go OPERATION TIMES.
package main

import (
	"context"
	"log"
	"os"
	"strconv"

	"shareable"
)

const text = "sixteen bytes, x"

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	list, err := shareable.NewList([]any{7, 2.5, text, nil})
	must(err)
	must(list.Unlink())
	times, err := strconv.Atoi(os.Args[2])
	must(err)
	operation := map[string]func(){
		"nothing":     func() {},
		"read int":    func() { list.GetInt(0) },
		"write int":   func() { list.SetInt(0, 9) },
		"read float":  func() { list.GetFloat(1) },
		"write float": func() { list.SetFloat(1, 0.5) },
		"read str":    func() { list.GetString(2) },
		"write str":   func() { list.SetString(2, text) },
		"write none":  func() { list.Set(3, nil) },
		"add":         func() { list.Add(0, 1) },
		"lock": func() {
			_, err := list.Lock(context.Background())
			must(err)
			must(list.Unlock())
		},
	}[os.Args[1]]
	for ; times > 0; times-- {
		operation()
	}
	must(list.Close())
}
