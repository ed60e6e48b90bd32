import { createApp } from 'vue'
import App from './App.vue'
import { noWorker } from './device'
import { loadAll } from './later'
import { router } from './router'
import { refresh } from '../shared/session'
import { watchForUpdates } from '../shared/updates'
import '../shared/style.css'

createApp(App).use(router).mount('#app')
void refresh()
void watchForUpdates()
if (noWorker) void loadAll()
// Asked once: without it the browser may clear what is on the phone when storage runs low.
void (navigator.storage as StorageManager | undefined)?.persist()
