using System.Globalization;
using System.Text;

namespace Pyco.Network;

/// <summary>What a network has to tell its user, in a file that pyco-net log shows.</summary>
internal sealed class NetworkLog : IDisposable
{
    /// <summary>Two files of this size at most: the present one and the one before.</summary>
    private const int Capacity = 1 << 20;

    private readonly string _path;
    private FileStream? _file;

    public NetworkLog(string path)
    {
        _path = path;
        _file = Open(path);
    }

    public void Write(string message)
    {
        try
        {
            if (_file is { Position: > Capacity })
            {
                _file.Dispose();
                File.Move(_path, $"{_path}.1", overwrite: true);
                _file = Open(_path);
            }
            string time = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);
            _file?.Write(Encoding.UTF8.GetBytes($"{time}Z {message.ReplaceLineEndings(" | ")}\n"));
            _file?.Flush();
        }
        catch (IOException)
        {
            // The disk is full: the network is worth more than its log.
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private static FileStream Open(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Create,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        BufferSize = 0,
    });
}
