from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0002_presence'),
    ]

    operations = [
        migrations.AddField(
            model_name='tab',
            name='address',
            field=models.CharField(default='', max_length=50),
        ),
        migrations.AlterField(
            model_name='message',
            name='name',
            field=models.CharField(max_length=150),
        ),
        migrations.AlterField(
            model_name='message',
            name='text',
            field=models.TextField(),
        ),
        migrations.AlterField(
            model_name='tab',
            name='name',
            field=models.CharField(max_length=150),
        ),
    ]
