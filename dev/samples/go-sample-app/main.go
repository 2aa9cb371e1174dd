// The sample application: one page over HTTP.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

const greeting = "Hello, sunshine!"

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, greeting)
	})
	log.Printf("listening on port %s", port)
	log.Fatal(http.ListenAndServe(":"+port, nil))
}
