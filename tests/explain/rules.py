"""What Python, Django and Channels say, and what they mean by it: from a message to one sentence why and one hint.

Each rule is a pattern, looked for in everything that was said during the failure (exceptions, warnings, the end of the
server's log); the first one that fits is taken, so the narrow ones
stand above the wide ones. `{1}` is the pattern's first group.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    pattern: str
    why: str
    hint: str
    file: str = ""  # the file most likely at fault, where it is not the one that the traceback names
    word: str = ""  # and a word of the line in it
    over: bool = False  # also where the traceback names another place


RULES = [
    Rule(r"it still runs|your code still runs", "Your code has begun something that does not come to its end.", "What would have to happen for this loop to stop?"),
    # Python itself
    Rule(r"invalid character '([“”‘’«»„])'", "{1} is a typographer's quote, as slides and word processors make them.", "Which quotes does Python know?"),
    Rule(r"IndentationError: unexpected indent", "This line stands further in than the one above it, for no reason that Python knows.", "With which line should it begin level?"),
    Rule(r"IndentationError: (expected an indented block.*)", "Python says: {1}.", "What belongs to that line, and is it indented?"),
    Rule(r"IndentationError|TabError", "The lines of one block do not begin at the same column.", "Are there tabs among the spaces?"),
    Rule(r"'await' outside", "await works only in async def, and this course writes plain def.", "What makes a plain function of an async one? (Lesson 5, step 1.)"),
    Rule(r"SyntaxError: '(.)' was never closed", "A bracket {1} is opened here and never closed.", "Where should its partner stand?"),
    Rule(r"SyntaxError: unterminated string", "A text begins here and does not end on this line.", "Where should its second quote stand?"),
    Rule(r"SyntaxError: unmatched|closing parenthesis", "Here is a closing bracket that fits no opening one.", "Count the brackets of the lines above, from the left."),
    Rule(r"SyntaxError: .*[Pp]erhaps you forgot a comma", "Python did not expect this to go on without a comma.", "Is there a comma at the end of each line of the list or dictionary?"),
    Rule(r"SyntaxError: expected ':'", "A line with def, class, if, try or else ends with a colon.", "Which line has none?"),
    Rule(r"(?<!Template)SyntaxError", "Python cannot read this line, or the one above it.", "Compare the two with the lesson, sign by sign: a comma, a bracket, a colon, or a text that was begun further up and never ended?"),
    # Imports and names
    Rule(r"No module named 'channels\.generic\.websockets'", "The module is called websocket, with no s at its end.", "from channels.generic.websocket import ...?"),
    Rule(r"No module named 'mywebsite(\.settings)?'", "There is no mywebsite/settings.py.", "Did startproject run here, with the dot at its end?", "mywebsite/settings.py"),
    Rule(r"No module named '(consumers|routing|views|settings|urls)'", "{1} is one of your own modules, and it lies in a package.", "Is it from chat import {1}?"),
    Rule(r"No module named '(chat|mywebsite)\.(\w+)'", "There is no file {1}/{2}.py.", "Is the file there, and is its name spelled like this?"),
    Rule(r"No module named 'chat'", "There is no package chat beside manage.py.", "Where is the folder chat, and what is it called?", "mywebsite/settings.py"),
    Rule(r"import mywebsite\.asgi' says.*No module named '(\w+)'", "asgi.py leads Python to something called {1}, and there is no such thing.", "Is the name of the settings right in asgi.py?", "mywebsite/asgi.py", "{1}"),
    Rule(r"No module named '(\w+)'", "Python finds nothing called {1}: a misspelt name, or a package that is not installed.", "Is the name right, after import or in INSTALLED_APPS? Is this terminal in the virtual environment?", "mywebsite/settings.py", "{1}"),
    Rule(r"cannot import name 'get_channel_layer' from 'channels'", "get_channel_layer lives in the module channels.layers.", "from channels.layers import get_channel_layer?"),
    Rule(r"cannot import name '(\w+)' from partially initialized module '([\w.]+)'", "Two files import each other: {2} is only half read, and has no {1} yet.", "Which of the two can do without the other?"),
    Rule(r"cannot import name '(\w+)' from '([\w.]+)'", "{2} has nothing that is called {1}.", "What is it called there, letter by letter?"),
    Rule(r"There is no chat/consumers\.py", "Nothing is there yet to connect to.", "Is the file called consumers.py, with an s, in the folder chat? Step 1 of lesson 2 writes it."),
    Rule(r"NameError: name '(accept|close|send|send_json|scope|channel_layer|channel_name)' is", "{1} belongs to the consumer itself, and a method reaches it through self.", "Is it self.{1}?"),
    Rule(r"NameError: name '(\w+)' is not defined", "{1} has not been defined or imported above this line.", "Is there an import for {1}, and is it spelled the same?"),
    Rule(r"UnboundLocalError|cannot access local variable '(\w+)'", "A variable is used before it has got a value.", "Which line should give it one, on every way through the function?"),
    # Django: settings, templates, views, routes
    Rule(r"does not have (?:a|any) '?(?:mywebsite\.)?asgi|no ASGI_APPLICATION", "ASGI_APPLICATION names the entrance for more than HTTP, and the settings have none.", "Is there a line ASGI_APPLICATION = \"mywebsite.asgi.application\"?", "mywebsite/settings.py", 'ASGI_APPLICATION'),
    Rule(r"ASGI_APPLICATION is '([^']*)'", "The name leads to nothing: it has to be module, dot, variable.", "Is it \"mywebsite.asgi.application\"?", "mywebsite/settings.py", 'ASGI_APPLICATION'),
    Rule(r"TemplateDoesNotExist: (?:admin|registration)/", "The templates of the admin lie in its own package, and Django looks there only if APP_DIRS says so.", "Is there a line \"APP_DIRS\": True in TEMPLATES?", "mywebsite/settings.py", "TEMPLATES", True),
    Rule(r"TemplateDoesNotExist: (\S+)", "Django has looked for {1} in every folder that the settings name, and not found it.", "Is the file in templates/, and does DIRS in mywebsite/settings.py name that folder?"),
    Rule(r"TemplateSyntaxError", "Django cannot read a {% ... %} tag of the template.", "Is every {% block %} closed, and is each tag spelled right?"),
    Rule(r"didn't return an HttpResponse", "The view came to its end and gave nothing back.", "Is there a return in front of render(...)?", "chat/views.py"),
    Rule(r"(\w+)\(\) takes 0 positional arguments but 1 was given", "Django calls a view with the request, and {1} has no place for it.", "Is it def {1}(request):?", "chat/views.py", "def {1}("),
    Rule(r"missing 1 required positional argument: 'request'", "The view is called here, at once; Django wants to call it later, with a request.", "Do brackets belong behind the name of the view?"),
    Rule(r"page at / answered with HTTP 404|the rocket", "No route fits the address /, so no view was asked. mywebsite/urls.py says which address leads where.", 'Is there a path("", ...) in its urlpatterns?', "mywebsite/urls.py", "urlpatterns"),
    Rule(r"it has no form", "The page that came is another one, or the content of lobby.html did not get into it.", "Do the names of the {% block %} tags in lobby.html and base.html agree?", "templates/lobby.html", "{% block content"),
    Rule(r"does not appear to have any patterns|has no attribute 'urlpatterns'", "Django looks for a list that is called urlpatterns.", "Is it spelled with an s at its end?", "mywebsite/urls.py", 'urlpattern'),
    Rule(r"view must be a callable", "path() wants a view, or include(...), and got something else.", "Does the second argument name the view itself, views.lobby?", "mywebsite/urls.py", 'path('),
    Rule(r"ROOT_URLCONF|has no attribute 'ROOT_URLCONF'", "The settings do not say where the routes are.", "Is there a line ROOT_URLCONF = \"mywebsite.urls\"?", "mywebsite/settings.py"),
    Rule(r"(?<!DJANGO_)SECRET_KEY", "Django needs a SECRET_KEY that is not empty.", "What does the lesson write for SECRET_KEY?", "mywebsite/settings.py"),
    Rule(r"isn't unique|duplicates", "An app stands twice in INSTALLED_APPS.", "Which of the two lines can go?", "mywebsite/settings.py", 'INSTALLED_APPS'),
    Rule(r"AppRegistryNotReady", "A model was asked for before Django was awake.", "Is your own code imported below get_asgi_application()?", "mywebsite/asgi.py", 'import'),
    Rule(r"Requested setting \w+, but settings are not configured", "Django was asked for a setting before anybody had told it where the settings are.", "Does os.environ.setdefault stand first in asgi.py?", "mywebsite/asgi.py", 'setdefault'),
    # Channels: the layer
    Rule(r"'NoneType' object has no attribute 'group_\w+'|no channel layer|unconfigured", "self.channel_layer is None: the settings name no channel layer.", 'Does mywebsite/settings.py have CHANNEL_LAYERS, with a "default"?', "mywebsite/settings.py", "CHANNEL_LAYERS", True),
    Rule(r"object has no attribute 'channel_name'", "Without a channel layer a consumer has no mailbox.", "Does mywebsite/settings.py have CHANNEL_LAYERS?", "mywebsite/settings.py", "CHANNEL_LAYERS", True),
    Rule(r"Cannot import BACKEND '([^']*)'", "There is no class {1}.", "Is it channels.layers.InMemoryChannelLayer, letter by letter?", "mywebsite/settings.py", "{1}", True),
    Rule(r"No BACKEND specified", 'The key that names the class of the channel layer is "BACKEND".', "Which key do the settings have?", "mywebsite/settings.py", 'InMemory', True),
    Rule(r"You must pass a list of Redis hosts", "hosts is a text, and has to be a list, even with one Redis in it.", "Are there square brackets around the address?", "mywebsite/settings.py", "hosts", True),
    Rule(r"ChannelLayer\.__init__\(\) got an unexpected keyword argument '(\w+)'", "A channel layer knows no {1}.", 'Is it "CONFIG": {"hosts": [...]}, as in the lesson?', "mywebsite/settings.py", "{1}", True),
    Rule(r"Error \d+ connecting to ([\w.]+:\d+)", "Your settings name a Redis at {1}, and there is no Redis.", "Is the layer in memory where CHANNEL_REDIS_URL is not set? And if it is set: does make redis run?", "mywebsite/settings.py", "CHANNEL_REDIS_URL", True),
    # Rooms, sessions, forms
    Rule(r"KeyError: 'session'", "Nobody has put a session into the scope: MIDDLEWARE is for pages, and no handshake passes there.", "Does SessionMiddlewareStack(...) stand around the URLRouter?", "mywebsite/asgi.py", '"websocket"', True),
    Rule(r"\(Origin: .*\) was accepted|page of https://evil\.example asked for a socket", "Nobody compares the website that a page comes from with the hosts of this server.", "Is a validator of origins around all that belongs to \"websocket\", and what is on its list?", "mywebsite/asgi.py", '"websocket"'),
    Rule(r"ProtocolTypeRouter, and is a \w*OriginValidator", "The validator stands around the pages, too, and it is for sockets only.", 'Is it around the value of "websocket", and around nothing else?', "mywebsite/asgi.py", 'application ='),
    Rule(r"No cookies in scope", "SessionMiddleware needs the cookies, and nobody has read them out of the handshake.", "SessionMiddlewareStack does both. Is that the one in asgi.py?", "mywebsite/asgi.py", "SessionMiddleware(", True),
    Rule(r"KeyError: 'kwargs'", 'What a route has found lies one box deeper in the scope, in "url_route".', 'Is it self.scope["url_route"]["kwargs"]?'),
    Rule(r"KeyError: '(room\w*)'", "The route has found nothing that it calls {1}.", "What does it call it, in chat/routing.py, between < and >?"),
    Rule(r"Request' object has no attribute 'session'", "A request has a session only if it came through SessionMiddleware.", "Is SessionMiddleware in MIDDLEWARE, with its whole path?", "mywebsite/settings.py", "MIDDLEWARE", True),
    Rule(r"DATABASES is improperly configured", "Django wants its database, and the settings name none. It keeps users there; and sessions, unless SESSION_ENGINE says otherwise.", "In lesson 6: is SESSION_ENGINE there, and spelled so? From lesson 7 on: is DATABASES?", "mywebsite/settings.py", "SESSION", True),
    Rule(r"sessions\.models\.Session doesn't declare|no such table: django_session", "Django keeps sessions in a database if nobody says otherwise, and there is none.", "Is there a line SESSION_ENGINE = ..., spelled like this?", "mywebsite/settings.py", "SESSION", True),
    Rule(r"No module named 'django\.contrib\.sessions\.backends\.(\w+)'", "Django has no session engine that is called {1}.", "Is it signed_cookies, with an s at its end?", "mywebsite/settings.py", "{1}", True),
    Rule(r"'SessionStore' object has no attribute '(\w+)'", "A session is a dictionary, and is asked with brackets.", 'Is it session["{1}"], or .get("{1}")?'),
    Rule(r"'dict' object has no attribute '(\w+)'", "This is a dictionary, and a dictionary is asked with brackets, not with a dot.", 'Is it ["{1}"]?'),
    Rule(r"Reverse for '([\w-]*)' not found", "No route is called {1!r}.", "Which name= do the routes in mywebsite/urls.py have?"),
    Rule(r"Reverse for '([\w-]*)' with (no arguments|[\w ]*arguments)", "There is a route {1!r}, and what it gets here ({2}) does not fit it.", "Which parts has its address, and is this a slug?"),
    Rule(r"(\w+)\(\) got an unexpected keyword argument '(room\w*|slug|text)'", "The route hands {2} over by its name, and the view has no parameter that is called so.", "What stands in the brackets of def {1}?", "chat/views.py", "def {1}("),
    Rule(r"Object of type (\w+) is not JSON serializable", "JSON has lists, objects, texts, numbers, true, false and null; it has no {1}.", "What could it be turned into first? A list, with sorted(...) or list(...)? A text?"),
    Rule(r"'<' not supported between instances of '(?:NoneType' and 'str|str' and 'NoneType)'", "One of the names is None: somebody is here who has none.", "What does self.name become for a visitor whose session holds no name?", "chat/consumers.py", "self.name =", over=True),
    Rule(r"the name and the room was answered with HTTP 403", "Django refuses a POST that does not bring the secret of its own page: the CSRF token.", "Is there a {% csrf_token %}, between <form ...> and </form>?", "templates/lobby.html", 'method="post"', True),
    Rule(r"the name and the room was answered with HTTP 400", "The view says that what was typed is wrong, and it was Ada and an ordinary room.", "Does it read request.POST, with the names that the fields have?", "chat/views.py", "POST"),
    Rule(r"form of another website was answered", "Nothing has looked for the token, so any website could send this form in the name of your visitors.", "Is CsrfViewMiddleware in MIDDLEWARE?", "mywebsite/settings.py", "MIDDLEWARE"),
    Rule(r"has no form with a field called", "Whoever comes has no place to say a name and a room.", 'Is there a form whose fields say name="name" and name="room"?', "templates/lobby.html", "method="),
    Rule(r"asks with GET: it should be a POST", "A form without a method puts what was typed into the address, and brings no token along.", 'Does the form say method="post"?', "templates/lobby.html", "action=", True),
    # Users, and letters from anywhere
    Rule(r"admin\.E\d+\) '([\w.]+)' must be in (MIDDLEWARE|INSTALLED_APPS)", "The admin needs {1}, and {2} does not have it.", "Which lines does step 5 of lesson 7 add to {2}?", "mywebsite/settings.py", "{2}"),
    Rule(r"admin\.E\d+\) '([\w.]+)' must be enabled in DjangoTemplates", "The admin's templates want what {1} brings them.", "Which context processors does step 5 of lesson 7 name?", "mywebsite/settings.py", "TEMPLATES"),
    Rule(r"Model class (django\.contrib\.\w+)\.models\.\w+ doesn't declare", "{1} is used, and it is not installed.", "Is {1} one of INSTALLED_APPS?", "mywebsite/settings.py", "INSTALLED_APPS", True),
    Rule(r"No installed app with label 'admin'", "A route leads to the admin, and it is not installed.", "Is django.contrib.admin one of INSTALLED_APPS?", "mywebsite/settings.py", "INSTALLED_APPS", True),
    Rule(r"page at /admin/ was answered with HTTP 404", "No route leads to the admin.", 'Is there a path("admin/", ...) in urlpatterns?', "mywebsite/urls.py", "urlpatterns"),
    Rule(r"as it stands on the page, and got HTTP 403", "Django refuses a POST that does not bring the secret of its own page: the CSRF token.", "Is there a {% csrf_token %}, between <form ...> and </form>?", "templates/lobby.html", '{% url "announce"', True),
    Rule(r"required STATIC_URL setting", "staticfiles hands out the admin's CSS, and nobody has said below which address.", 'Is there a line STATIC_URL = "static/"?', "mywebsite/settings.py", "staticfiles", True),
    Rule(r"has no attribute 'base_send'", "A consumer that you make yourself has no browser at its other end.", "How does a letter come to the consumers that are there already?", "chat/views.py", "Consumer(", True),
    Rule(r"'bool' object is not callable", "This is True or False, a value and no function.", "Do the brackets behind it belong there?"),
    Rule(r"Message is not a dict", "An event is a dictionary, and this is none.", "Which two keys does the event in the lesson have?"),
    Rule(r"'ASGIRequest' object has no attribute 'environ'", "environ is a thing of WSGI, and Daphne speaks ASGI.", "Is what you want in request.META?"),
    Rule(r"has no attribute 'Command'", "manage.py looks for a class that is called Command.", "What is your class called?", "chat/management/commands/announce.py", "class ", True),
    Rule(r"handle\(\) got an unexpected keyword argument", "Django hands over the words of the command, and more of its own, all by their names.", "Is it def handle(self, *args, **options)?", "chat/management/commands/announce.py", "def handle", True),
    Rule(r"unrecognized arguments", "The command got words for which it has no place.", "Which words does add_arguments name?", "chat/management/commands/announce.py", "class ", True),
    Rule(r"knows no command announce", "manage.py finds its words in management/commands/, a file for each, in the app.", "Where does your file lie, and what is it called?", "chat/management/commands/announce.py"),
    Rule(r"was said to everyone", "A message that could not be delivered to one was given to all.", "What does your code do with a name that nobody here has?", "chat/consumers.py", "def receive"),
    # On the way to a real server
    Rule(r"KeyError: 'user'", "The scope has no user: nobody on the way here has looked who it is.", "Is AuthMiddlewareStack around the routes, in mywebsite/asgi.py?"),
    Rule(r"to /accounts/login/", "/accounts/login/ is where Django sends guests if nobody says otherwise.", 'Do the settings say LOGIN_URL = "login"?', "mywebsite/settings.py", "LOGIN_"),
    Rule(r"to /accounts/profile/", "/accounts/profile/ is where Django leads after a login if nobody says otherwise.", "What does LOGIN_REDIRECT_URL say in the settings?", "mywebsite/settings.py", "LOGIN_"),
    Rule(r"A guest got the page of the room", "The view shows the page without asking who it is for.", "Who is asked first in show_room, and where does a guest go from there?", "chat/views.py", "def show_room"),
    Rule(r"The list has somebody who may not enter", "The connection was closed, and the consumer went on: it has joined the room.", "Which exception ends a consumer, and where is it raised?", "chat/base.py", "def hang_up"),
    Rule(r"has logged out, and the tab in .* is still open", "A socket does not notice a logout by itself: somebody has to write to it.", "Which function hears of a logout, and by which signal is it called?", "chat/members.py", "def close_sockets"),
    Rule(r"without the header Content-Security-Policy", "No policy comes with the page, so everything is allowed.", "Is csp.middleware.CSPMiddleware in MIDDLEWARE, and CONTENT_SECURITY_POLICY in the settings?", "mywebsite/settings.py", "MIDDLEWARE"),
    Rule(r"\(security\.W\d+\)|warns of \d+: security", "Django knows this slip, and says so: python manage.py check --deploy.", "Which setting does the warning name, and what do the settings say where DJANGO_DEBUG is 0?", "mywebsite/settings.py", "DEBUG"),
    Rule(r"nobody has told (\w+)", "Where DEBUG is off nothing may be guessed: a key that stands in the code is known to everyone.", "Does the setting ask told(...), and does that raise an error?", "mywebsite/settings.py", "{1}"),
    Rule(r"DJANGO_DEBUG is 0, (\w+) is", "With this a real server would let everybody in, or nobody.", "Which values should it refuse, and do the settings raise ImproperlyConfigured then?", "mywebsite/settings.py", "{1}"),
    Rule(r"the log does not say so", "What is logged by our own code goes nowhere, unless the settings say where to.", 'Is there a logger "chat" in LOGGING, with the level INFO, and does hang_up call log_end?', "mywebsite/settings.py", "LOGGING"),
    Rule(r"stands in the log of the server", "Whoever may read the log can read along now.", "Who writes that, and what of it does whoever watches over the server have to know?", "chat/consumers.py", "print("),
    Rule(r"of his own into X-Forwarded-For is believed", "Anybody can write any header. This one means something only if a proxy of ours has written it.", "Which setting says that there is one, and who asks it?", "chat/limits.py", "def address_of"),
    Rule(r"<\w+> without a file of its own", "What stands in the page itself the policy forbids: it could be anybody's.", "Into which file could it go?", "templates/lobby.html", "<script>"),
    Rule(r"a status of 404", "The page asks for a file that is not there.", "Where does the file lie below a folder static, and what does the page write behind static?", "templates/lobby.html", "<script"),
    Rule(r"STATIC_ROOT setting", "collectstatic copies all static files into one folder, and nobody has said which.", "Is there a line STATIC_ROOT = ...?", "mywebsite/settings.py", "STATIC_URL", True),
    # The database
    Rule(r"no such table: chat_(\w+)", "The database has no table chat_{1}: no migration makes it, or nobody has carried it out.", "Have you run python manage.py makemigrations chat, and then python manage.py migrate?", "chat/models.py", "class {1}(", True),
    Rule(r"(?:no such column: \w+\.|has no column named )(\w+)", "The model has a field {1}, and the table has no such column: no migration has made it.", "Have you run python manage.py makemigrations, and then migrate, since {1} is in the model?", "chat/models.py", "{1}", True),
    Rule(r"No migration makes the tables as the models are", "Migrations are the plan for the tables. Without one the table that the model describes is never made.", "python manage.py makemigrations chat writes it. Have you run it since the model, or DEFAULT_AUTO_FIELD in the settings, was changed?", "chat/models.py", "class "),
    Rule(r"UNIQUE constraint failed: \w+\.room, \w+\.seq", "Two have looked up the same last number, and both have used it.", "Are looking it up and writing one transaction, and is it IMMEDIATE?"),
    Rule(r"UNIQUE constraint failed: ([\w., ]+)", "There is a row with the same {1}, and a constraint allows only one.", "Who looks for that row before a new one is written? And is an empty text the same as none?"),
    Rule(r"NOT NULL constraint failed: \w+\.(\w+)", "The column {1} has to be filled, and this row leaves it empty.", "Is {1} among the arguments of create(...)? Or may it be null?"),
    Rule(r"database (?:table )?is locked", "Two have read in their transactions, and both want to write. SQLite refuses one of them, for neither could go on.", 'Does the database in the settings have "OPTIONS": {"transaction_mode": "IMMEDIATE"}?', "mywebsite/settings.py", "sqlite3", True),
    Rule(r"SynchronousOnlyOperation", "The database was asked in the event loop, where nobody may wait.", "Is each of your functions a plain def, with no async in front of it?"),
    Rule(r"Negative indexing is not supported", "A database can count from the beginning of a list, and not from its end.", 'What does order_by("-seq")[:50] give, and how is it turned round?'),
    Rule(r"unsupported operand type\(s\) for \+: 'NoneType' and 'int'", "The largest of no numbers at all is None: nobody has said anything in this room yet.", "What should be taken in its place? (... or 0)"),
    Rule(r"Field '(\w+)' expected a number but got", "Something that is no number has come as far as the table.", "Who looks at it first, and what is to be done with the rest?"),
    Rule(r"Cannot resolve keyword '(\w+)' into field", "The model has no field that is called {1}.", "How is it spelled in chat/models.py?"),
    Rule(r"\w+\(\) got unexpected keyword arguments: '(\w+)'", "The model has no field that is called {1}.", "How is it spelled in chat/models.py?"),
    Rule(r"Conflicting migrations|multiple leaf nodes", "Two migrations both want to be the last one.", "Which of the files in chat/migrations can go? (And db.sqlite3 with it: it has carried out both.)", "chat/migrations"),
    Rule(r"Database access not allowed", "The database is asked while a file is being read, when there are no tables yet.", "Does this line stand outside of every function?"),
    Rule(r"No handler for message type ready\.frame", "A frame that is ready came, and nothing in the base class looks for it before it goes to the thread.", "Does dispatch in chat/base.py ask for the type \"ready.frame\", letter by letter?", "chat/base.py", "def dispatch", True),
    Rule(r"No handler for message type (chat|announcement|people)$", "{1} is what a browser gets, and this was posted as a letter for a method of the consumers.", "Is it show_room, and not tell_room?", "chat/consumers.py", "tell_room(", True),
    Rule(r"No handler for message type (\S+)", "An event of type {1} came, and the consumer has no method for it: every tab of the group is cut off.", "Is the method called as the type, with _ for the dot?", "chat/consumers.py", 'group_send'),
    Rule(r"has no 'type' attribute", "The event has no type, so no consumer knows which method should get it.", 'Does the event of group_send have a "type", in quotes?', "chat/consumers.py", 'group_send'),
    Rule(r"Group name must be", "A group's name is made of letters, digits, - _ and ., and the group comes before the channel's name.", "Is the order right, first the group, then self.channel_name? May a room be called like this one? Is there an f in front of a text with {braces}?"),
    Rule(r"non-async-marked callable", "async_to_sync wants the function itself; here it was called already.", "async_to_sync(the function)(its arguments): where do the brackets stand?"),
    Rule(r"AsyncToSync in the same thread", "async_to_sync is for synchronous code; here an event loop is running.", "Is it a plain def, the method of a WebsocketConsumer or the view?"),
    Rule(r"coroutine '([\w.]+)' was never awaited", "{1} is async: it was called, and never run.", "Is async_to_sync missing somewhere, or is an async too many?"),
    Rule(r"object NoneType can't be used in 'await'", "The class awaits its methods, and they are plain ones.", "Does the consumer inherit from WebsocketConsumer?"),
    Rule(r'"type": "(\w+\.\w+)"', "A frame of type {1} came to the browser. That is the event itself, as consumers send it to each other.", "Which type does the lesson give the frame that is made of it?", "chat/consumers.py", "(event)"),
    # Channels: entrance, routes, consumer
    Rule(r"should be a ProtocolTypeRouter, and is the class ProtocolTypeRouter itself|ProtocolTypeRouter.__init__\(\) takes 2", "application is the class, because its bracket stands on another line.", "Does the bracket follow ProtocolTypeRouter at once?", "mywebsite/asgi.py", 'ProtocolTypeRouter'),
    Rule(r"should be a ProtocolTypeRouter", "Only a ProtocolTypeRouter tells one protocol from another.", "What is the last thing that is assigned to application?", "mywebsite/asgi.py", 'application ='),
    Rule(r'has no "http"|scope type \'http\'', 'Pages come as "http", and nobody is in charge of them.', 'Is there a key "http", spelled so?', "mywebsite/asgi.py", 'ProtocolTypeRouter('),
    Rule(r"get_asgi_application\(\) takes 0 positional arguments", "get_asgi_application is the maker of the application, not the application.", "Are its brackets there?", "mywebsite/asgi.py", '= get_asgi_application'),
    Rule(r'has no "websocket"|scope type \'websocket\'', "A WebSocket comes in, and the entrance has nobody for it.", 'Is there a "websocket" in the ProtocolTypeRouter?', "mywebsite/asgi.py", 'ProtocolTypeRouter('),
    Rule(r"include\(\) is not supported in URLRouter", "A URLRouter takes routes, and no include().", "Can the path() itself stand in the list?", "chat/routing.py", 'include('),
    Rule(r"'list' object is not callable", "A list of routes stands where an application belongs.", "Is there a URLRouter(...) around the list?", "mywebsite/asgi.py", '"websocket"'),
    Rule(r"'URLPattern' object is not iterable|'str' object has no attribute 'callback'", "websocket_urlpatterns has to be a list of path(...).", "Are the square brackets there, and no quotes around the name?", "chat/routing.py", 'urlpatterns'),
    Rule(r"as_asgi\(\) takes 1 positional argument but 4 were given", "as_asgi is named in the route, and not called.", "Are its brackets there?", "chat/routing.py", 'as_asgi'),
    Rule(r"object \w+ can't be used in 'await' expression", "Channels wanted to await this, and it is no async application.", "Does the route say ....as_asgi(), and is the consumer a WebsocketConsumer?", "chat/routing.py", 'ws/'),
    Rule(r"has no attribute 'as_view'", "as_view() is for class-based views; a consumer has another word for it.", "as_asgi()?", "chat/routing.py"),
    Rule(r"No route found for path '([^']*)'", "No route fits the address {1}, and an exception is the answer.", "Does the route have no slash before, one behind, and is there a last route for all the rest?", "chat/routing.py", 'urlpatterns'),
    Rule(r"has not been accepted|before it accepted", "There is no connection yet on which anything could be sent.", "Which call has to come first in connect?"),
    Rule(r"surrogates not allowed", "Half a character came, written as \\ud83d: json.dumps would write it so again, and UTF-8 has nothing for it.", "What does json.dumps do without ensure_ascii=False?"),
    Rule(r"unexpected keyword argument '(text_data|bytes_data)'", "Channels passes {1} by its name, and receive has no such parameter.", "Is it def receive(self, text_data=None, bytes_data=None)?"),
    Rule(r"disconnect\(\) takes 1 positional argument but 2", "Channels tells disconnect the close code, and it has no place for it.", "Is it def disconnect(self, code)?"),
    Rule(r"must be str, bytes or bytearray, not dict", "This is a dictionary already, and json.loads reads only text.", "Who has read the JSON before you?"),
    Rule(r"must be str, bytes or bytearray, not NoneType", "A binary frame came, so text_data is None.", "Which exception does json.loads(None) raise, and do you catch it?"),
    Rule(r"JSONDecodeError", "What came is no JSON, and json.loads raises an exception that nobody catches.", "Where could you catch it, and answer with an error frame?"),
    Rule(r"KeyError: '(\w+)'", "The dictionary has no key {1!r}.", "How is it spelled where the dictionary is made? And may a frame lack it?"),
    Rule(r"RecursionError", "The frame is nested so deep that json.loads gives up.", "Is RecursionError among the exceptions that you catch?"),
    Rule(r"string indices must be integers", "This is a text, not a dictionary.", "Has json.loads read it yet?"),
    Rule(r"(?:list|int|float|NoneType|str)' object (?:has no attribute|is not subscriptable)|indices must be integers", "The frame held something other than you thought.", "Which types may JSON bring, and what do you do for each?"),
    Rule(r"is not str|object has no attribute 'encode'|which is no JSON|and not text", "What goes to the browser has to be text, with JSON in it.", "Is json.dumps(...) around the dictionary that you send?", "chat/consumers.py", "send("),
    Rule(r"missing 1 required positional argument: 'fp'|dump\(\) missing", "json.dump writes to a file; with an s it makes text.", "json.dumps?"),
    Rule(r"no class that inherits from WebsocketConsumer", "Only a class that inherits from WebsocketConsumer has accept, send and the rest.", "What stands in the brackets behind the name of the class?", "chat/consumers.py", "class "),
    Rule(r"send\(\) got an unexpected keyword argument '(\w+)'", "send takes the text as text_data=, and knows no {1}.", "Is it self.send(text_data=...)?"),
    # Whatever is left
    Rule(r"has no attribute '(\w+)'", "There is nothing called {1}.", "Is it spelled right?"),
    Rule(r"takes (?:from )?\d.* positional arguments? but \d+ (?:was|were) given", "A function got more than it has places for.", "Which parameters does the lesson write for it?"),
    # The browser
    Rule(r"frame of unknown type: (\w+)", "A frame of type {1} came, and the page's switch has no case for it.", 'Is there a case "{1}", spelled so?', "templates/lobby.html", "switch", True),
    Rule(r"console: (?:SyntaxError: )?((?:Unexpected|Invalid or unexpected|missing|Unterminated|Identifier|Illegal)\b.*)", "The browser cannot read the script ({1}), so no line of it runs.", "Open the page, press F12 and look at the console: on which line does it stop? A bracket, a quote from a slide?", "templates/lobby.html", "", True),
    # The server
    Rule(r"You have not set ASGI_APPLICATION", "Daphne asks the settings for the entrance, and they name none.", "Is there a line ASGI_APPLICATION = ...?", "mywebsite/settings.py", 'ASGI_APPLICATION'),
    Rule(r"handshake.*HTTP 404|rejected.*HTTP 404", "The server took the handshake for a page: it is Django's own, which knows no WebSockets.", 'Is "daphne" the first of INSTALLED_APPS, and does the start line say ASGI/Daphne?', "mywebsite/settings.py", "INSTALLED_APPS", True),
    Rule(r"daphne\.E001", "Whichever app brings a runserver and stands first wins, and it is not Daphne.", 'Is "daphne" the first of INSTALLED_APPS?', "mywebsite/settings.py", "django.contrib.staticfiles", True),
    Rule(r"code 1006", "The server cut the connection without a word, as Daphne does when a frame is longer than it allows.", "Does a setting limit the size of a frame?", "mywebsite/settings.py", "MAX_", True),
]  # fmt: skip


def apply(text: str) -> Rule | None:
    """Return the first rule that fits, its sentences filled in; None if none does."""
    for rule in RULES:
        if found := re.search(rule.pattern, text):
            groups = [found[0], *(group or "" for group in found.groups())]
            fill = {str(number): value for number, value in enumerate(groups)}

            def filled(sentence: str, fill: dict[str, str] = fill) -> str:
                return re.sub(r"\{(\d)(!r)?\}", lambda m: repr(fill[m[1]]) if m[2] else fill[m[1]], sentence)

            return Rule(rule.pattern, filled(rule.why), filled(rule.hint), rule.file, filled(rule.word), rule.over)
    return None
