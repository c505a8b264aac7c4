import json

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer


class ChatConsumer(WebsocketConsumer):

	def connect(self):
		self.room_group_name = 'lobby'

		self.accept()

		self.send(text_data=json.dumps({
			'type': 'connection_established',
			'message': 'You are now connected!'
		}))

		async_to_sync(self.channel_layer.group_add)(
			self.room_group_name,
			self.channel_name
		)

	def disconnect(self, close_code):
		async_to_sync(self.channel_layer.group_discard)(
			self.room_group_name,
			self.channel_name
		)

	def receive(self, text_data=None, bytes_data=None):
		error = ''
		message = None

		try:
			text_data_json = json.loads(text_data)
			message = text_data_json['message']
		except Exception:
			error = 'I could not read that.'
		else:
			if not isinstance(message, str):
				error = 'The message must be a string.'
			elif message.strip() == '':
				error = 'The message is empty.'
			elif len(message) > 500:
				error = 'The message is too long.'

		if error:
			self.send(text_data=json.dumps({
				'type': 'error',
				'message': error
			}))
			return

		async_to_sync(self.channel_layer.group_send)(
			self.room_group_name,
			{
				'type': 'chat_message',
				'message': message
			}
		)

	def chat_message(self, event):
		message = event['message']

		self.send(text_data=json.dumps({
			'type': 'chat',
			'message': message
		}))


class RefuseConsumer(WebsocketConsumer):

	def connect(self):
		self.close()
