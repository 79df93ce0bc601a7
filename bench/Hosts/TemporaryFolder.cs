namespace Pyco.Bench.Hosts;

/// <summary>A folder for all that a run needs; it goes with the run.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder()
    {
        Path = Directory.CreateTempSubdirectory("pyco-bench-").FullName;
        File.SetUnixFileMode(Path, (UnixFileMode)0b111_101_101); // nginx's workers are www-data
        // What runs by itself and networks that run already are the user's, and left alone.
        Environment.SetEnvironmentVariable("XDG_RUNTIME_DIR", Path);
    }

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
