# chat/consumers.py
import json
from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer


class ChatConsumer(WebsocketConsumer):
    def connect(self):
        self.room_name = self.scope['url_route']['kwargs']['room_name']
        self.room_group_name = 'chat_%s' % self.room_name

        # Join room group
        async_to_sync(self.channel_layer.group_add)(
            self.room_group_name,
            self.channel_name
        )

        self.accept()
        self.send(text_data=json.dumps({
            'type': 'connection_established',
            'message': 'Welcome to the %s!' % self.room_name
        }))

    def disconnect(self, close_code):
        # Leave room group
        async_to_sync(self.channel_layer.group_discard)(
            self.room_group_name,
            self.channel_name
        )

    # Receive message from WebSocket
    def receive(self, text_data='', bytes_data=None):
        try:
            text_data_json = json.loads(text_data)
            message = text_data_json['message']
            if len(message.strip()) == 0 or len(message) > 500:
                raise ValueError(message)
        except Exception as e:
            print('bad message:', type(e))
            self.send(text_data=json.dumps({
                'type': 'error',
                'message': 'I could not read that'
            }))
            return

        # Send message to room group
        async_to_sync(self.channel_layer.group_send)(
            self.room_group_name,
            {
                'type': 'chat_message',
                'message': message
            }
        )

    # Receive message from room group
    def chat_message(self, event):
        message = event['message']

        # Send message to WebSocket
        self.send(text_data=json.dumps({
            'type': 'chat',
            'message': message
        }))


class UnknownRoomConsumer(WebsocketConsumer):
    def connect(self):
        self.close()
