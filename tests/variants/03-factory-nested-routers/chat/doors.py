"""Doorkeepers: mixins for consumers."""


class Open:
    def let_in(self):
        self.accept()


class Closed:
    def turn_away(self):
        self.close()
