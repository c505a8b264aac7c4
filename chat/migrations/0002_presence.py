import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Process',
            fields=[
                ('id', models.CharField(max_length=16, primary_key=True, serialize=False)),
                ('beat', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Tab',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('room', models.CharField(max_length=50)),
                ('name', models.CharField(max_length=30)),
                ('channel_name', models.CharField(max_length=100, unique=True)),
                ('process', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='chat.process')),
            ],
        ),
    ]
