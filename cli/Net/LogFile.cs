using System.Text;
using Pyco.Posix;

namespace Pyco.Cli.Net;

/// <summary>Reads a network's log while it grows, and goes on in the next file when this one was set aside.</summary>
internal sealed class LogFile : IDisposable
{
    private readonly string _path;
    private readonly List<byte> _partOfLine = [];
    private FileStream _file;

    /// <exception cref="IOException">There is none.</exception>
    /// <exception cref="UnauthorizedAccessException">It is somebody else's.</exception>
    public LogFile(string path)
    {
        _path = path;
        _file = Open(path);
    }

    /// <summary>The lines of the file before this one, if it is still there.</summary>
    public IEnumerable<string> ReadBefore()
    {
        try
        {
            return File.ReadAllLines($"{_path}.1");
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    /// <summary>The whole lines that have come since the last time.</summary>
    public List<string> ReadNew()
    {
        List<string> lines = [];
        ReadTo(lines);
        if (!IsSetAside())
            return lines;
        ReadTo(lines); // what came before it was
        try
        {
            FileStream next = Open(_path);
            _file.Dispose();
            _file = next;
            ReadTo(lines);
        }
        catch (FileNotFoundException)
        {
            // It was not set aside but removed, because the network has ended.
        }
        return lines;
    }

    public void Dispose() => _file.Dispose();

    private bool IsSetAside() =>
        File.Exists(_path) && !FileStatus.IsSameFile((int)_file.SafeFileHandle.DangerousGetHandle(), _path);

    private void ReadTo(List<string> lines)
    {
        Span<byte> octets = stackalloc byte[4096];
        int length;
        while ((length = _file.Read(octets)) > 0)
        {
            foreach (byte octet in octets[..length])
            {
                if (octet != '\n')
                {
                    _partOfLine.Add(octet);
                    continue;
                }
                lines.Add(Encoding.UTF8.GetString([.. _partOfLine]));
                _partOfLine.Clear();
            }
        }
    }

    private static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}
