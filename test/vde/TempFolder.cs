namespace Pyco.Vde.Tests;

/// <summary>A folder of its own for each test; short, because socket paths are.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder() => Path = Directory.CreateTempSubdirectory("pyco").FullName;

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
