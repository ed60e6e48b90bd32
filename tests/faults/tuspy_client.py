"""Uploads a file with tuspy, and goes on with what an earlier, killed run of this program has begun."""

import json
import sys
from pathlib import Path

from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage


def main(endpoint: str, token: str, path: str, metadata: str, storage: str) -> None:
    """Says how far it has come after each piece, and at the end where."""
    client = TusClient(endpoint, headers={"Authorization": f"Bearer {token}"})
    resumed = Path(storage).exists()
    uploader = client.uploader(
        path,
        chunk_size=200_000,
        metadata=json.loads(metadata),
        retries=20,
        retry_delay=1,
        store_url=True,
        url_storage=FileStorage(storage),  # type: ignore[no-untyped-call]  # tuspy has few types
        upload_checksum=True,
    )
    if resumed and uploader.offset:
        print("resumed", flush=True)
    size = Path(path).stat().st_size
    while uploader.offset < size:
        uploader.upload_chunk()  # type: ignore[no-untyped-call]  # as above
        print(f"accepted {uploader.offset}", flush=True)
    print(f"done {uploader.url}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
