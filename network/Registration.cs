using System.Globalization;
using Pyco.Posix;

namespace Pyco.Network;

/// <summary>Notes where a network runs, so that its user can list it.</summary>
internal sealed class Registration : IDisposable
{
    /// <summary>How often the folder can be removed by a network that ends while this one notes itself.</summary>
    private const int MostAttempts = 100;

    private readonly string? _link;

    private Registration(string? link) => _link = link;

    /// <summary>Notes a network of this process. Without a folder to note it in it runs all the same.</summary>
    public static Registration Of(string path, Func<string, string?> environment)
    {
        try
        {
            RuntimeFolder.Ensure(environment);
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    return new Registration(Note(path, RuntimeFolder.Register(environment)));
                }
                catch (DirectoryNotFoundException) when (attempt < MostAttempts)
                {
                    // a network that has just ended was the last one
                }
            }
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
        foreach (string link in LinksIn(folder))
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

    public void Dispose()
    {
        if (_link is null)
            return;
        _ = Libc.unlink(_link);
        _ = Libc.rmdir(Path.GetDirectoryName(_link)!); // unless there are others
    }

    private static string Note(string path, string folder)
    {
        Directory.CreateDirectory(folder);
        string link = string.Create(CultureInfo.InvariantCulture, $"{folder}/{Environment.ProcessId}");
        File.Delete(link);
        foreach (string other in LinksIn(folder).Where(other => new FileInfo(other).LinkTarget == path))
            _ = Libc.unlink(other); // whose network was killed
        File.CreateSymbolicLink(link, path);
        return link;
    }

    private static string[] LinksIn(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }
}
