using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Vde;

/// <summary>
/// A growing capture file or pipe. It never holds its owner's loop up for a slow reader: frames that find its buffer full are
/// left out and counted. After a write error (disk full, reader gone) it is silent.
/// </summary>
public sealed unsafe class CaptureFile : IDisposable
{
    /// <summary>A second's worth of a slow reader's pipe; more would only delay the loss.</summary>
    private const int BufferCapacity = 1 << 20;

    /// <summary>The number of the only one.</summary>
    private const int TheInterface = 0;

    private readonly string _path;
    private readonly Action<string> _log;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferCapacity);
    private int _start;
    private int _end;
    private int _descriptor;
    private long _written;
    private long _wholeBlocks;
    private ulong _seen;
    private ulong _dropped;

    private CaptureFile(string path, int descriptor, Action<string> log)
    {
        _path = path;
        _descriptor = descriptor;
        _log = log;
    }

    /// <summary>Makes or empties the file and writes what begins it.</summary>
    /// <exception cref="IOException">It cannot be written; the message is for the user.</exception>
    public static CaptureFile Open(string path, string application, CapturedInterface described, Action<string> log) =>
        Take(OpenDescriptor(path), path, application, described, log);

    /// <summary>Makes or empties a file for <see cref="Take"/>, perhaps of another process.</summary>
    /// <exception cref="IOException">It cannot be written, or another capture is; the message is for the user.</exception>
    public static int OpenDescriptor(string path)
    {
        int descriptor = CaptureTarget.Open(path, waitsForReader: false);
        if (descriptor >= 0)
            return descriptor;
        throw (Errno)Marshal.GetLastPInvokeError() == Errno.ENXIO && !IsSocket(path)
            ? new IOException($"nobody reads the pipe {path}: start the reader first")
            : CannotWrite(path);
    }

    /// <summary>Writes into a file or pipe that is open, which is closed with this, what begins a capture.</summary>
    /// <exception cref="IOException">It cannot be written; the message is for the user.</exception>
    public static CaptureFile Take(
        int descriptor, string path, string application, CapturedInterface described, Action<string> log)
    {
        CaptureFile file = new(path, descriptor, log);
        file.Enqueue(PcapngWriter.Section(application));
        file.Enqueue(PcapngWriter.Interface(described));
        if (file.TryWrite())
            return file;
        IOException failure = CannotWrite(path);
        file.Close();
        throw failure;
    }

    /// <summary>Notes a frame, which <see cref="Flush"/> writes.</summary>
    public void Record(FrameDirection direction, ReadOnlySpan<byte> frame)
    {
        if (_descriptor < 0)
            return;
        _seen++;
        int needed = frame.Length + PcapngWriter.PacketOverhead;
        if (_buffer.Length - _end < needed)
            Flush();
        if (_buffer.Length - _end < needed)
        {
            _dropped++;
            return;
        }
        _end += PcapngWriter.WritePacket(
            _buffer.AsSpan(_end), TheInterface, PcapngWriter.Now(), direction, frame, frame.Length);
    }

    /// <summary>Writes what is noted, so that readers of the growing file find whole blocks.</summary>
    public void Flush()
    {
        if (_descriptor < 0 || TryWrite())
            return;
        _log($"capturing to {_path} has stopped: {Marshal.GetLastPInvokeErrorMessage()}");
        // What was written of the last block would make the file unreadable for some.
        _ = Processes.ftruncate(_descriptor, _wholeBlocks);
        Close();
    }

    public void Dispose()
    {
        if (_descriptor < 0)
            return;
        Enqueue(PcapngWriter.Statistics(TheInterface, PcapngWriter.Now(), _seen, _dropped));
        Flush();
        Close();
    }

    /// <summary>Writes as much as goes without waiting; false if no more will ever go, and errno tells why.</summary>
    private bool TryWrite()
    {
        while (_start < _end)
        {
            nint written;
            fixed (byte* first = &_buffer[_start])
                written = Libc.write(_descriptor, first, (nuint)(_end - _start));
            if (written < 0)
            {
                Errno error = (Errno)Marshal.GetLastPInvokeError();
                if (error == Errno.EINTR)
                    continue;
                if (error == Errno.EAGAIN)
                    break;
                return false;
            }
            _start += (int)written;
            _written += written;
        }
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        if (_end == 0)
            _wholeBlocks = _written;
        return true;
    }

    private void Enqueue(ReadOnlySpan<byte> block)
    {
        if (_buffer.Length - _end < block.Length)
            return;
        block.CopyTo(_buffer.AsSpan(_end));
        _end += block.Length;
    }

    private void Close()
    {
        if (_descriptor >= 0)
            _ = Libc.close(_descriptor);
        _descriptor = -1;
        _start = _end = 0;
    }

    private static bool IsSocket(string path)
    {
        int error = Marshal.GetLastPInvokeError();
        bool isSocket = FileStatus.TryGet(path, out FileStatus status) && status.IsSocket;
        Marshal.SetLastPInvokeError(error);
        return isSocket;
    }

    private static IOException CannotWrite(string path) =>
        new($"cannot write the capture file {path}: {Marshal.GetLastPInvokeErrorMessage()}");
}
