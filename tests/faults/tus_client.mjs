// Uploads a file with tus-js-client, and goes on with what an earlier, killed run of this program has begun.
import { createReadStream, statSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(new URL('../../inspection/web/package.json', import.meta.url))
const { FileUrlStorage, Upload } = require('tus-js-client')

const [endpoint, token, path, metadata, storage] = process.argv.slice(2)
const upload = new Upload(createReadStream(path), {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  metadata: JSON.parse(metadata),
  uploadSize: statSync(path).size,
  chunkSize: 200_000,
  retryDelays: [0, 500, 1000, 2000, 4000, 8000],
  urlStorage: new FileUrlStorage(storage),
  onChunkComplete: (size, accepted) => console.log(`accepted ${accepted}`),
  onSuccess: () => console.log(`done ${upload.url}`),
  onError: (error) => {
    console.error(String(error))
    process.exit(1)
  },
})
const [earlier] = await upload.findPreviousUploads()
if (earlier) {
  console.log('resumed')
  upload.resumeFromPreviousUpload(earlier)
}
upload.start()
