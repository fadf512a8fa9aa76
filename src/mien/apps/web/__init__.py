"""The web page, which reads faces in the browser, and the REST service, which reads them here."""
