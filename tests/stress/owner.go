// Owner makes owned blocks until it is killed: see owners.py and owner.c.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"shareable"
)

func main() {
	live, err := shareable.OpenList(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	var held [8]*shareable.List
	for number := 0; ; number++ {
		list := &held[number%len(held)]
		(*list).Unlink()
		(*list).Close()
		name := fmt.Sprintf("%s-%d", os.Args[1], number)
		*list, err = shareable.NewList([]any{number, "some text", nil}, shareable.WithName(name), shareable.Owned())
		if err != nil {
			log.Fatal(err)
		}
		live.Add(3, 1)
		again, err := shareable.OpenList(name)
		if err != nil {
			log.Fatal(err)
		}
		(*list).Lock(context.Background())
		again.SetString(1, "another")
		(*list).Unlock()
		again.Close()
	}
}
