using System.Diagnostics;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Tests;

/// <summary>What tshark makes of our captures.</summary>
internal sealed class CaptureTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly CapturedInterface Interface = new(
        "vde7", new MacAddress([2, 0, 0, 0, 0, 9]), [new IpPrefix(IpAddress.Parse("10.40.0.32"), 24)], "VDE plug in /tmp/some.ctl");

    private readonly FramePool _frames = new();
    private readonly List<string> _log = [];
    private TempFolder _folder = null!;

    private string TracePath => $"{_folder.Path}/trace.pcapng";

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Both_directions_can_be_read_while_the_capture_goes_on()
    {
        using FakeSwitch fake = FakeSwitch.ThatAnswers(_folder);
        using CapturingLink link = new(VdePlug.Connect(fake.Locator, "test", _frames, _log.Add), Open(TracePath));
        link.Send(TestFrames.Broadcast(_frames, "first"));
        link.Send(TestFrames.Broadcast(_frames, "second, of an odd length"));
        _ = link.Advance(default);
        Assert.That(
            Tshark("-T", "fields", "-e", "frame.interface_name", "-e", "frame.packet_flags_direction", "-e", "frame.len"),
            Is.EqualTo("vde7\t0x00000002\t19\nvde7\t0x00000002\t38\n"));
    }

    [Test]
    public void Times_are_those_of_the_clock_to_the_nanosecond()
    {
        DateTimeOffset before = DateTimeOffset.UtcNow;
        using (CaptureFile file = Open(TracePath))
            file.Record(FrameDirection.Inbound, new byte[60]);
        DateTimeOffset after = DateTimeOffset.UtcNow;
        string text = Tshark("-T", "fields", "-e", "frame.time_epoch").TrimEnd();
        Assert.That(text.Split('.')[1], Has.Length.EqualTo(9));
        DateTimeOffset taken = DateTimeOffset.UnixEpoch +
            TimeSpan.FromSeconds(double.Parse(text, System.Globalization.CultureInfo.InvariantCulture));
        Assert.That(taken, Is.InRange(before.AddMilliseconds(-1), after.AddMilliseconds(1)));
    }

    [Test]
    public void A_full_disk_is_said_at_once()
    {
        IOException failure = Assert.Throws<IOException>(() => Open("/dev/full"))!;
        Assert.That(failure.Message, Does.Contain("/dev/full").And.Contain("No space left"));
        Assert.That(_log, Is.Empty);
    }

    [Test]
    public void A_write_that_fails_later_ends_the_capture_with_one_warning()
    {
        string pipe = $"{_folder.Path}/pipe";
        Run("mkfifo", pipe);
        CaptureFile file;
        using (new FileStream(pipe, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.ReadWrite, BufferSize = 0 }))
            file = Open(pipe);
        using (file)
        {
            file.Record(FrameDirection.Inbound, new byte[60]);
            file.Flush();
            file.Record(FrameDirection.Inbound, new byte[60]);
            file.Flush();
        }
        Assert.That(_log, Has.Count.EqualTo(1));
        Assert.That(_log[0], Does.Contain(pipe).And.Contain("has stopped"));
    }

    [Test]
    public void A_file_that_was_there_is_written_over()
    {
        File.WriteAllText(TracePath, new string('x', 5000));
        using (CaptureFile file = Open(TracePath))
            file.Record(FrameDirection.Inbound, new byte[60]);
        Assert.That(Tshark("-T", "fields", "-e", "frame.len"), Is.EqualTo("60\n"));
    }

    [Test]
    public void A_file_that_another_capture_is_written_into_is_refused_and_stays_whole()
    {
        using (CaptureFile first = Open(TracePath))
        {
            first.Record(FrameDirection.Inbound, new byte[60]);
            first.Flush();
            IOException failure = Assert.Throws<IOException>(() => Open(TracePath))!;
            Assert.That(failure.Message, Is.EqualTo($"another capture is being written into {TracePath}: end it, or choose another file"));
            Assert.That(File.ReadAllBytes(TracePath), Is.Not.Empty, "who only reads meets no lock");
            first.Record(FrameDirection.Inbound, new byte[70]);
        }
        Assert.That(Tshark("-T", "fields", "-e", "frame.len"), Is.EqualTo("60\n70\n"));
    }

    [Test]
    public void A_file_whose_capture_is_just_ending_is_waited_for()
    {
        CaptureFile first = Open(TracePath);
        using var begun = new ManualResetEventSlim();
        Task second = Task.Run(() =>
        {
            begun.Set();
            using CaptureFile file = OpenPatiently(TracePath);
            file.Record(FrameDirection.Inbound, new byte[70]);
        });
        begun.Wait();
        first.Record(FrameDirection.Inbound, new byte[60]);
        first.Dispose();
        Assert.That(second.Wait(Patience), Is.True);
        Assert.That(Tshark("-T", "fields", "-e", "frame.len"), Is.EqualTo("70\n"));
    }

    /// <summary>On a machine that stands still for as long as the file is waited for, that is tried again.</summary>
    private CaptureFile OpenPatiently(string path)
    {
        for (int again = 2; ; again--)
        {
            try
            {
                return Open(path);
            }
            catch (IOException) when (again > 0)
            {
            }
        }
    }

    [Test]
    public void A_device_takes_any_number_of_captures()
    {
        using CaptureFile first = Open("/dev/null");
        Assert.That(() => Open("/dev/null").Dispose(), Throws.Nothing);
    }

    [Test]
    public void A_place_that_cannot_be_written_is_said_at_once()
    {
        IOException failure = Assert.Throws<IOException>(() => Open($"{_folder.Path}/no/such/folder"))!;
        Assert.That(failure.Message, Does.Contain("cannot write the capture file"));
    }

    [Test]
    public void A_slow_reader_of_a_pipe_loses_frames_and_the_end_says_how_many()
    {
        string pipe = $"{_folder.Path}/pipe";
        Run("mkfifo", pipe);
        // Both directions open, or opening would wait for the other side.
        using FileStream reader = new(pipe, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.ReadWrite, BufferSize = 0 });
        CaptureFile file = Open(pipe);
        const int recorded = 2000;
        for (int index = 0; index < recorded; index++)
            file.Record(FrameDirection.Inbound, new byte[1514]);
        using (FileStream trace = new(TracePath, FileMode.Create))
        {
            byte[] chunk = new byte[65536];
            long left = -1;
            while (left != 0)
            {
                file.Flush();
                left = Pending(reader);
                if (left > 0)
                    trace.Write(chunk, 0, reader.Read(chunk));
            }
            file.Dispose();
            trace.Write(chunk, 0, reader.Read(chunk));
        }
        int frames = Tshark("-T", "fields", "-e", "frame.len").Count('\n');
        Assert.That(frames, Is.InRange(500, recorded - 1));
        // The statistics block ends with the number of dropped frames, the end of its options, and its length.
        Assert.That(BitConverter.ToUInt64(File.ReadAllBytes(TracePath).AsSpan()[^16..^8]), Is.EqualTo(recorded - frames));
    }

    private CaptureFile Open(string path) => CaptureFile.Open(path, "test", Interface, _log.Add);

    private static unsafe long Pending(FileStream stream)
    {
        const int fionread = 0x541b;
        int pending;
        _ = Posix.Libc.ioctl((int)stream.SafeFileHandle.DangerousGetHandle(), fionread, &pending);
        return pending;
    }

    private string Tshark(params string[] arguments) => Run("tshark", ["-r", TracePath, .. arguments]);

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.That(process.WaitForExit(Patience), Is.True);
        Assert.That(process.ExitCode, Is.Zero, errors.Result);
        return output;
    }
}
