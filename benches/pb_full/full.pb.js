// PocketBase acknowledges a write before it is on disk: WAL with synchronous=NORMAL. This asks SQLite for
// an fdatasync with each commit, as Watchpost gives. All writes go through one connection; one that idles
// is closed and made anew, so it is asked again each minute.

onBootstrap((e) => {
    e.next();
    e.app.nonconcurrentDB().newQuery("PRAGMA synchronous = FULL").execute();
});

cronAdd("synchronous-full", "* * * * *", () => {
    $app.nonconcurrentDB().newQuery("PRAGMA synchronous = FULL").execute();
});
