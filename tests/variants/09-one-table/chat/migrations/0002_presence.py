from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('channel_name', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('process', models.CharField(db_index=True, max_length=36)),
                ('room', models.CharField(max_length=50)),
                ('name', models.CharField(max_length=30)),
                ('until', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['room', 'name'], name='who_is_where')],
            },
        ),
    ]
