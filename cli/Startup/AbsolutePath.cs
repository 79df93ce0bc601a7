namespace Pyco.Cli.Startup;

/// <summary>Paths that the user gives, which other processes of ours get and which have other working directories.</summary>
internal static class AbsolutePath
{
    /// <exception cref="LaunchException">
    /// The path is empty; or has a line break, and they travel in lines; or it is relative, and the working directory cannot be told.
    /// </exception>
    public static string Of(string path)
    {
        if (path.Length == 0 || path.AsSpan().ContainsAny('\n', '\0'))
            throw LaunchException.Mistake("a path is empty or has a line break in it");
        try
        {
            return Path.GetFullPath(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // getcwd(3): ENOENT for a directory that was deleted, EACCES for one above that may not be read.
            string what = failure is IOException ? "was deleted" : "is in one that may not be read";
            throw new LaunchException(
                $"cannot tell where '{path}' is, because the working directory {what}: give the whole path, or cd to another one");
        }
    }
}
