// IndexedDB, which jsdom lacks; the browser tests use the real one.
import 'fake-indexeddb/auto'
