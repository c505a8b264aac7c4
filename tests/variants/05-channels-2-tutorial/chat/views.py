from django.shortcuts import render


def room(request, room_name):
    return render(request, 'lobby.html', {
        'room': {'name': room_name, 'limit': 500},
    })
