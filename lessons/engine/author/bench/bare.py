"""A chat with neither Django nor Channels: python bare.py PORT. What a message costs at least."""

import asyncio
import sys

from websockets.asyncio.server import broadcast, serve

tabs = set()


async def chat(tab):
    tabs.add(tab)
    try:
        async for text in tab:
            broadcast(tabs, text)
    finally:
        tabs.remove(tab)


async def main():
    async with serve(chat, "127.0.0.1", int(sys.argv[1]), compression=None):
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())
