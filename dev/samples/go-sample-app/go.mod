module example.invalid/go-sample-app

go 1.21
