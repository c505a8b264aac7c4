from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('room', models.CharField(max_length=50)),
                ('seq', models.PositiveIntegerField()),
                ('name', models.CharField(max_length=30)),
                ('text', models.CharField(max_length=500)),
                ('client_id', models.CharField(max_length=40, null=True)),
                ('created', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['room', 'seq'],
                'constraints': [models.UniqueConstraint(fields=('room', 'seq'), name='each_number_once'), models.UniqueConstraint(fields=('room', 'name', 'client_id'), name='each_message_once')],
            },
        ),
    ]
