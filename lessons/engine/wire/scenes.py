"""The scenes of the lessons' diagrams: who does what, in which order. One for each lesson; its code plays along.

A scene waits for each answer before it goes on, so that two recordings are alike.
"""

from collections.abc import Callable


def scene_00(world) -> None:
    world.visit("/")
    world.visit("/?message=hello")


def scene_01(world) -> None:
    world.draw_routers()
    world.visit("/")
    world.refused("/ws/lobby/")


def scene_02(world) -> None:
    ada = world.tab("", "/ws/lobby/")
    ada.says({"message": "hello"}, "chat")
    ada.says("hello", "error")
    ada.leaves()


def scene_03(world) -> None:
    world.draw_routers()
    world.tab("", "/ws/lobby/")
    world.refused("/ws/kitchen/")


def scene_04(world) -> None:
    world.visit("/")
    you = world.tab("your", "/ws/lobby/")
    you.says({"message": "hello"}, "chat")


def scene_05(world) -> None:
    ada, ben = world.tab("Ada's", "/ws/lobby/"), world.tab("Ben's", "/ws/lobby/")
    ada.says({"message": "hello"}, "chat")
    ben.hears("chat")
    ben.leaves()


def scene_06(world) -> None:
    ben = world.person("Ben", "kitchen").tab()
    world.begin()
    ada = world.person("Ada", "kitchen").tab()
    ben.hears("people")
    ada.says({"message": "hi", "name": "Root"}, "chat")
    ben.hears("chat")


def scene_07(world) -> None:
    ada, ben = world.person("Ada", "kitchen").tab(), world.person("Ben", "kitchen").tab()
    ada.hears("people")
    teacher = world.teacher()
    world.begin()
    ben.says({"message": "psst", "to": "Ada"}, "private")
    ada.hears("private")
    teacher.announces("kitchen", "Class starts")
    ada.hears("announcement")
    ben.hears("announcement")


def scene_08(world) -> None:
    world.leave_out("people.changed")
    ben, person = world.person("Ben", "kitchen").tab(), world.person("Ada", "kitchen")
    ada = person.tab()
    ben.hears("people")
    world.begin()
    ada.says({"message": "hi", "client_id": "7c9e"}, "chat")
    ben.hears("chat")
    ada.leaves()
    ben.hears("people")
    ben.says({"message": "where are you?", "client_id": "a31f"}, "chat")
    ada = person.tab(since=1)
    ben.hears("people")
    ada.says({"message": "hi", "client_id": "7c9e"}, "chat")
    ben.hears("chat")


def scene_09(world) -> None:
    world.names["elsewhere"] = "Redis, from another process"
    ben = world.person("Ben", "kitchen").tab()
    other = world.beside()
    world.begin()
    ada = other.person("Ada", "kitchen").tab()
    ben.hears("people")
    ada.says({"message": "hi"}, "chat")
    ben.hears("chat")
    world.manage("announce", "kitchen", "Class starts")
    ben.hears("announcement")


def scene_10(world) -> None:
    member = world.teacher()
    tab = member.enters("kitchen")
    world.begin()
    tab.says({"message": "hi"}, "chat")
    member.logs_out()
    tab.is_closed()


def scene_11(world) -> None:
    ada, ben = world.person("Ada", "kitchen").tab(), world.person("Ben", "kitchen").tab()
    ada.hears("people")
    world.begin()
    ada.says({"message": "hi", "client_id": "7c9e"}, "chat")
    ben.hears("chat")


SCENES: dict[int, Callable] = {int(name[-2:]): scene for name, scene in globals().items() if name.startswith("scene_")}


NEED_REDIS = {9}
