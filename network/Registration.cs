using System.Globalization;
using Pyco.Posix;

namespace Pyco.Network;

/// <summary>Notes where a network runs, so that its user can list it.</summary>
internal sealed class Registration : IDisposable
{
    private readonly string? _link;

    private Registration(string? link) => _link = link;

    /// <summary>Notes a network of this process. Without a folder to note it in it runs all the same.</summary>
    public static Registration Of(string path, Func<string, string?> environment)
    {
        try
        {
            RuntimeFolder.Ensure(environment);
            string folder = RuntimeFolder.Register(environment);
            Directory.CreateDirectory(folder);
            string link = string.Create(CultureInfo.InvariantCulture, $"{folder}/{Environment.ProcessId}");
            File.Delete(link);
            foreach (string other in LinksTo(path, folder))
                _ = Libc.unlink(other); // whose network was killed
            File.CreateSymbolicLink(link, path);
            return new Registration(link);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new Registration(null);
        }
    }

    /// <summary>The paths of the user's networks: of those that run, and of those that were killed and have left their files.</summary>
    public static IEnumerable<string> All(Func<string, string?> environment)
    {
        string folder = RuntimeFolder.Register(environment);
        if (!Directory.Exists(folder))
            yield break;
        foreach (string link in Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal))
        {
            string? path = new FileInfo(link).LinkTarget;
            if (path is null)
                continue;
            if (NetworkClient.Exists(path))
                yield return path;
            else
                _ = Libc.unlink(link); // it was killed, and somebody has removed its files
        }
    }

    private static IEnumerable<string> LinksTo(string path, string folder) =>
        Directory.EnumerateFileSystemEntries(folder).Where(link => new FileInfo(link).LinkTarget == path);

    public void Dispose()
    {
        if (_link is not null)
            _ = Libc.unlink(_link);
    }
}
