"""What a file is, what must be done to it, and the doing of it: Pillow for photos, ffmpeg for videos.

    sniff      the first bytes: photo, GIF, video, audio or something else, without a child process
    probe      ffprobe's JSON as typed values
    boxes      the layout of MP4 files
    verdict    send as it is, remux, audio only, encode, skip, refuse: each with its reasons
    photo      photos within Telegram's rules
    thumbnail  the little picture in front of a video
    convert    the ladder, its checkpoint, and its verification

Input is hostile: every call of ffmpeg and ffprobe goes through `tools`, which allows plain demuxers and local
files only.
"""
